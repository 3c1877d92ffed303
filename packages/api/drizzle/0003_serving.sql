CREATE TABLE "explanations" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "explanations_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"job_id" integer NOT NULL,
	"model_id" integer NOT NULL,
	"model_sha256" text NOT NULL,
	"image" text NOT NULL,
	"sha256" text NOT NULL,
	"upload_id" integer,
	"dataset_id" integer,
	"path" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	"actual" text,
	"settings" jsonb NOT NULL,
	"size" integer NOT NULL,
	"picture" text NOT NULL,
	"classes" jsonb NOT NULL,
	"probabilities" jsonb NOT NULL,
	"segments" jsonb,
	"labels" jsonb NOT NULL,
	"samples" integer NOT NULL,
	"seconds" double precision NOT NULL
);
--> statement-breakpoint
CREATE TABLE "predictions" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "predictions_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"job_id" integer NOT NULL,
	"model_id" integer NOT NULL,
	"model_sha256" text NOT NULL,
	"image" text NOT NULL,
	"sha256" text NOT NULL,
	"upload_id" integer,
	"dataset_id" integer,
	"path" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	"label" text,
	"confidence" double precision NOT NULL,
	"classes" jsonb NOT NULL,
	"probabilities" jsonb NOT NULL,
	"logits" jsonb NOT NULL,
	"temperature" double precision NOT NULL,
	"distance" double precision,
	"outlier" boolean,
	"thumbnail" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "uploads" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "uploads_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"name" text NOT NULL,
	"bytes" integer NOT NULL,
	"sha256" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	"completed_at" timestamp (3) with time zone
);
--> statement-breakpoint
ALTER TABLE "jobs" ADD COLUMN "skipped" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "explanations" ADD CONSTRAINT "explanations_job_id_jobs_id_fk" FOREIGN KEY ("job_id") REFERENCES "public"."jobs"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "explanations" ADD CONSTRAINT "explanations_model_id_models_id_fk" FOREIGN KEY ("model_id") REFERENCES "public"."models"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "explanations" ADD CONSTRAINT "explanations_upload_id_uploads_id_fk" FOREIGN KEY ("upload_id") REFERENCES "public"."uploads"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "explanations" ADD CONSTRAINT "explanations_dataset_id_datasets_id_fk" FOREIGN KEY ("dataset_id") REFERENCES "public"."datasets"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "predictions" ADD CONSTRAINT "predictions_job_id_jobs_id_fk" FOREIGN KEY ("job_id") REFERENCES "public"."jobs"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "predictions" ADD CONSTRAINT "predictions_model_id_models_id_fk" FOREIGN KEY ("model_id") REFERENCES "public"."models"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "predictions" ADD CONSTRAINT "predictions_upload_id_uploads_id_fk" FOREIGN KEY ("upload_id") REFERENCES "public"."uploads"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "predictions" ADD CONSTRAINT "predictions_dataset_id_datasets_id_fk" FOREIGN KEY ("dataset_id") REFERENCES "public"."datasets"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "explanations_created_at_id_index" ON "explanations" USING btree ("created_at","id");--> statement-breakpoint
CREATE INDEX "explanations_job_id_index" ON "explanations" USING btree ("job_id");--> statement-breakpoint
CREATE INDEX "explanations_model_id_index" ON "explanations" USING btree ("model_id");--> statement-breakpoint
CREATE INDEX "predictions_created_at_id_index" ON "predictions" USING btree ("created_at","id");--> statement-breakpoint
CREATE INDEX "predictions_job_id_index" ON "predictions" USING btree ("job_id");--> statement-breakpoint
CREATE INDEX "predictions_model_id_index" ON "predictions" USING btree ("model_id");--> statement-breakpoint
CREATE INDEX "uploads_completed_at_created_at_index" ON "uploads" USING btree ("completed_at","created_at");