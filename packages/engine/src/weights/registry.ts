/**
 * Well-known ImageNet weights: where they are, what their SHA-256 is, and how their images became input.
 *
 * torchvision's names and facts are those of torchvision.models.ResNet18_Weights and its kin; timm's, of its resnet.py. Both
 * put the first eight digits of a file's SHA-256 into its name; where the whole is known it stands here, else those eight
 * are checked. What a size and a crop mean: the shorter side is resized to size / crop, and the centre cut out.
 */
import type { Arch } from '../nn/resnet.ts'
import { defaultPreprocessing, type WeightsPreprocessing } from './preprocessing.ts'

export interface RegisteredWeights {
  name: string
  arch: Arch
  source: 'torchvision' | 'timm'
  url: string
  /** Of the file at `url`: all 64 hexadecimal digits, or the first eight. */
  sha256: string
  preprocessing: WeightsPreprocessing
}

const torchvision = (arch: Arch, version: string, sha256: string, resized: number): RegisteredWeights => ({
  name: `${arch}.${version}`,
  arch,
  source: 'torchvision',
  url: `https://download.pytorch.org/models/${arch}-${sha256.slice(0, 8)}.pth`,
  sha256,
  preprocessing: { ...defaultPreprocessing, size: 224, crop: 224 / resized },
})

/** "ResNet strikes back" (Wightman, Touvron, Jégou, 2021): procedures A1 and A2 at 224 px, A3 at 160 px. */
const timm = (arch: Arch, procedure: 'a1' | 'a2' | 'a3', sha256: string): RegisteredWeights => ({
  name: `${arch}.${procedure}_in1k`,
  arch,
  source: 'timm',
  url: `https://github.com/huggingface/pytorch-image-models/releases/download/v0.1-rsb-weights/${arch}_${procedure}_0-${sha256.slice(0, 8)}.pth`,
  sha256,
  preprocessing: {
    ...defaultPreprocessing,
    size: procedure === 'a3' ? 160 : 224,
    crop: 0.95,
    interpolation: 'bicubic',
  },
})

export const registry: readonly RegisteredWeights[] = [
  torchvision('resnet18', 'IMAGENET1K_V1', 'f37072fd47e89c5e827621c5baffa7500819f7896bbacec160b1a16c560e07ec', 256),
  torchvision('resnet34', 'IMAGENET1K_V1', 'b627a593bcbe140c234610266fe4f8ae95ea42fc881d091c9b6052e6b1d0590f', 256),
  torchvision('resnet50', 'IMAGENET1K_V1', '0676ba61b6795bbe1773cffd859882e5e297624d384b6993f7c9e683e722fb8a', 256),
  torchvision('resnet50', 'IMAGENET1K_V2', '11ad3fa62ca79e40addfd354a8ec4b7c75143b3038b8d2a807fbc68deab379ca', 232),
  timm('resnet18', 'a1', 'd63eafa07a6e32a39d328e364f8c9f89d671444ecc7f02aa0f7eb8882af3dd29'),
  timm('resnet18', 'a2', 'b61bd467'),
  timm('resnet18', 'a3', '40c531c8'),
  timm('resnet34', 'a1', '46f8f793'),
  timm('resnet34', 'a2', '82d47d71'),
  timm('resnet34', 'a3', 'a20cabb6'),
  timm('resnet50', 'a1', '14fe96d1'),
  timm('resnet50', 'a2', 'a2746f79'),
  timm('resnet50', 'a3', '59cae1ef'),
]

/** What a network's bare name means: torchvision's default. */
export const defaultWeights: Readonly<Record<Arch, string>> = {
  resnet18: 'resnet18.IMAGENET1K_V1',
  resnet34: 'resnet34.IMAGENET1K_V1',
  resnet50: 'resnet50.IMAGENET1K_V2',
}
