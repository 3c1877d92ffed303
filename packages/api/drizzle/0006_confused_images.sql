-- Evaluations from before each confused pair had its images: those that are among the worst of all.
UPDATE "evaluations" SET "report" = jsonb_set("report", '{mostConfused}', coalesce((
  SELECT jsonb_agg(pair || jsonb_build_object('images', coalesce((
    SELECT jsonb_agg(sample ORDER BY place)
    FROM jsonb_array_elements("report"->'topLosses') WITH ORDINALITY AS worst(sample, place)
    WHERE sample->'actual' = pair->'actual' AND sample->'predicted' = pair->'predicted'), '[]')) ORDER BY rank)
  FROM jsonb_array_elements("report"->'mostConfused') WITH ORDINALITY AS pairs(pair, rank)), '[]'))
WHERE "report"->'mostConfused' IS NOT NULL;
