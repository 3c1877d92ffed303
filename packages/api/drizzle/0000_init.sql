CREATE TYPE "public"."model_kind" AS ENUM('best', 'last');--> statement-breakpoint
CREATE TYPE "public"."log_level" AS ENUM('info', 'warn', 'error');--> statement-breakpoint
CREATE TYPE "public"."metric" AS ENUM('loss', 'smoothLoss', 'learningRate', 'imagesPerSecond', 'trainLoss', 'validLoss', 'accuracy', 'f1Weighted', 'f1Micro', 'f1Macro');--> statement-breakpoint
CREATE TYPE "public"."run_status" AS ENUM('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'STOPPED', 'CRASHED');--> statement-breakpoint
CREATE TYPE "public"."split" AS ENUM('valid', 'test');--> statement-breakpoint
CREATE TABLE "datasets" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "datasets_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"name" text NOT NULL,
	"path" text NOT NULL,
	"classes" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "datasets_name_unique" UNIQUE("name")
);
--> statement-breakpoint
CREATE TABLE "models" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "models_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"run_id" integer NOT NULL,
	"kind" "model_kind" NOT NULL,
	"path" text NOT NULL,
	"epoch" integer NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "models_runId_kind_unique" UNIQUE("run_id","kind")
);
--> statement-breakpoint
CREATE TABLE "epochs" (
	"run_id" integer NOT NULL,
	"epoch" integer NOT NULL,
	"phase" text NOT NULL,
	"step" integer NOT NULL,
	"train_loss" double precision NOT NULL,
	"valid_loss" double precision NOT NULL,
	"accuracy" double precision NOT NULL,
	"f1_weighted" double precision NOT NULL,
	"f1_micro" double precision NOT NULL,
	"f1_macro" double precision NOT NULL,
	"seconds" double precision NOT NULL,
	"learning_rate" double precision NOT NULL,
	CONSTRAINT "epochs_run_id_epoch_pk" PRIMARY KEY("run_id","epoch")
);
--> statement-breakpoint
CREATE TABLE "evaluations" (
	"run_id" integer NOT NULL,
	"split" "split" NOT NULL,
	"report" jsonb NOT NULL,
	CONSTRAINT "evaluations_run_id_split_pk" PRIMARY KEY("run_id","split")
);
--> statement-breakpoint
CREATE TABLE "logs" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "logs_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"run_id" integer NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"level" "log_level" NOT NULL,
	"message" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "points" (
	"run_id" integer NOT NULL,
	"metric" "metric" NOT NULL,
	"step" integer NOT NULL,
	"value" double precision NOT NULL,
	CONSTRAINT "points_run_id_metric_step_pk" PRIMARY KEY("run_id","metric","step")
);
--> statement-breakpoint
CREATE TABLE "runs" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "runs_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"name" text NOT NULL,
	"status" "run_status" DEFAULT 'QUEUED' NOT NULL,
	"dataset_id" integer NOT NULL,
	"config" jsonb NOT NULL,
	"tags" text[] NOT NULL,
	"notes" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	"started_at" timestamp (3) with time zone,
	"finished_at" timestamp (3) with time zone,
	"error" jsonb,
	"setup" jsonb,
	"progress" jsonb,
	"best_epoch" integer,
	"best_valid_loss" double precision,
	"best_accuracy" double precision,
	"attempt" integer DEFAULT 0 NOT NULL,
	"worker_id" text,
	"job_id" uuid
);
--> statement-breakpoint
CREATE TABLE "workers" (
	"id" text PRIMARY KEY NOT NULL,
	"host" text NOT NULL,
	"pid" integer NOT NULL,
	"concurrency" integer NOT NULL,
	"started_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"heartbeat_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "models" ADD CONSTRAINT "models_run_id_runs_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."runs"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "epochs" ADD CONSTRAINT "epochs_run_id_runs_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."runs"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "evaluations" ADD CONSTRAINT "evaluations_run_id_runs_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."runs"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "logs" ADD CONSTRAINT "logs_run_id_runs_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."runs"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "points" ADD CONSTRAINT "points_run_id_runs_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."runs"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "runs" ADD CONSTRAINT "runs_dataset_id_datasets_id_fk" FOREIGN KEY ("dataset_id") REFERENCES "public"."datasets"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "logs_run_id_id_index" ON "logs" USING btree ("run_id","id");--> statement-breakpoint
CREATE INDEX "runs_created_at_id_index" ON "runs" USING btree ("created_at","id");--> statement-breakpoint
CREATE INDEX "runs_status_index" ON "runs" USING btree ("status");--> statement-breakpoint
CREATE INDEX "runs_dataset_id_index" ON "runs" USING btree ("dataset_id");--> statement-breakpoint
CREATE INDEX "runs_tags_index" ON "runs" USING gin ("tags");