CREATE TYPE "public"."job_status" AS ENUM('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'STOPPED');--> statement-breakpoint
ALTER TYPE "public"."split" ADD VALUE 'train' BEFORE 'valid';--> statement-breakpoint
CREATE TABLE "jobs" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "jobs_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"kind" text NOT NULL,
	"input" jsonb NOT NULL,
	"run_id" integer,
	"status" "job_status" DEFAULT 'QUEUED' NOT NULL,
	"progress" jsonb,
	"error" jsonb,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"started_at" timestamp (3) with time zone,
	"finished_at" timestamp (3) with time zone,
	"attempt" integer DEFAULT 0 NOT NULL,
	"worker_id" text,
	"queued_as" uuid
);
--> statement-breakpoint
ALTER TABLE "evaluations" ADD COLUMN "near_duplicates" jsonb;--> statement-breakpoint
ALTER TABLE "evaluations" ADD COLUMN "epoch" integer;--> statement-breakpoint
ALTER TABLE "evaluations" ADD COLUMN "created_at" timestamp (3) with time zone DEFAULT now() NOT NULL;--> statement-breakpoint
ALTER TABLE "jobs" ADD CONSTRAINT "jobs_run_id_runs_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."runs"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "jobs_created_at_id_index" ON "jobs" USING btree ("created_at","id");--> statement-breakpoint
CREATE INDEX "jobs_run_id_index" ON "jobs" USING btree ("run_id");--> statement-breakpoint
CREATE INDEX "jobs_status_index" ON "jobs" USING btree ("status");