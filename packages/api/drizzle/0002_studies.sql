CREATE TYPE "public"."study_status" AS ENUM('RUNNING', 'STOPPED', 'FINISHED');--> statement-breakpoint
CREATE TYPE "public"."trial_state" AS ENUM('waiting', 'running', 'paused', 'pruned', 'complete', 'failed');--> statement-breakpoint
ALTER TYPE "public"."run_status" ADD VALUE 'PAUSED';--> statement-breakpoint
CREATE TABLE "studies" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "studies_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"name" text NOT NULL,
	"notes" text,
	"status" "study_status" DEFAULT 'RUNNING' NOT NULL,
	"outcome" text,
	"dataset_id" integer NOT NULL,
	"config" json NOT NULL,
	"plan" json NOT NULL,
	"extras" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"finished_at" timestamp (3) with time zone,
	"seconds" double precision DEFAULT 0 NOT NULL,
	"running_since" timestamp (3) with time zone,
	"seen_epochs" integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE "trials" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "trials_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"study_id" integer NOT NULL,
	"number" integer NOT NULL,
	"state" "trial_state" NOT NULL,
	"parameters" json NOT NULL,
	"sent" integer NOT NULL,
	"results" jsonb NOT NULL,
	"reports" jsonb NOT NULL,
	"epochs" jsonb NOT NULL,
	"values" jsonb,
	"lost" integer NOT NULL,
	"reason" text,
	"value" double precision,
	"enqueued" boolean DEFAULT false NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"started_at" timestamp (3) with time zone,
	"finished_at" timestamp (3) with time zone,
	CONSTRAINT "trials_studyId_number_unique" UNIQUE("study_id","number")
);
--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "study_id" integer;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "trial" integer;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "final" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "until" integer;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "restarts" integer[];--> statement-breakpoint
ALTER TABLE "studies" ADD CONSTRAINT "studies_dataset_id_datasets_id_fk" FOREIGN KEY ("dataset_id") REFERENCES "public"."datasets"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "trials" ADD CONSTRAINT "trials_study_id_studies_id_fk" FOREIGN KEY ("study_id") REFERENCES "public"."studies"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "studies_created_at_id_index" ON "studies" USING btree ("created_at","id");--> statement-breakpoint
CREATE INDEX "studies_status_index" ON "studies" USING btree ("status");--> statement-breakpoint
CREATE INDEX "studies_dataset_id_index" ON "studies" USING btree ("dataset_id");--> statement-breakpoint
ALTER TABLE "runs" ADD CONSTRAINT "runs_study_id_studies_id_fk" FOREIGN KEY ("study_id") REFERENCES "public"."studies"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "runs_study_id_trial_index" ON "runs" USING btree ("study_id","trial");