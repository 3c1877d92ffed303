ALTER TABLE "explanations" DROP CONSTRAINT "explanations_upload_id_uploads_id_fk";
--> statement-breakpoint
ALTER TABLE "predictions" DROP CONSTRAINT "predictions_upload_id_uploads_id_fk";
--> statement-breakpoint
ALTER TABLE "explanations" ADD CONSTRAINT "explanations_upload_id_uploads_id_fk" FOREIGN KEY ("upload_id") REFERENCES "public"."uploads"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "predictions" ADD CONSTRAINT "predictions_upload_id_uploads_id_fk" FOREIGN KEY ("upload_id") REFERENCES "public"."uploads"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "explanations_upload_id_index" ON "explanations" USING btree ("upload_id");--> statement-breakpoint
CREATE INDEX "predictions_upload_id_index" ON "predictions" USING btree ("upload_id");--> statement-breakpoint
CREATE INDEX "uploads_sha256_index" ON "uploads" USING btree ("sha256");