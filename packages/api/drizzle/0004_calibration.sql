ALTER TABLE "evaluations" ADD COLUMN "calibrated_by" double precision;--> statement-breakpoint
ALTER TABLE "models" ADD COLUMN "calibration" jsonb;