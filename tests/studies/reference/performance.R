# Reference numbers for study_performance, from rsimsum 0.13.1.9000 (R 4.2.2).
#
#   Rscript tests/studies/reference/performance.R FOLDER     (FOLDER: the R files of rsimsum's source)
#
# writes replicates.csv (made-up estimates, by seed) and performance.csv (the summaries) beside this file.
for (f in c("utils.R", "simsum.R", "performance.R", "dropbig.R")) source(file.path(commandArgs(TRUE)[1], f))
folder <- "tests/studies/reference"
set.seed(20261)
rows <- expand.grid(replicate = 1:60, method = c("a", "b", "c"), n = c(50, 200), stringsAsFactors = FALSE)
common <- rnorm(120)[rows$replicate + ifelse(rows$n == 50, 0, 60)]
rows$estimate <- -0.8 + (common + c(a = 0, b = 0.4, c = 1)[rows$method] * rnorm(360)) / sqrt(rows$n)
rows$se <- sqrt(rchisq(360, 12) / 12 / rows$n) * c(a = 1, b = 1.05, c = 1.2)[rows$method]
rows$df <- rows$n - 3
rows$low <- rows$estimate - 1.7 * rows$se
rows$high <- rows$estimate + 2.1 * rows$se
rows <- format(rows, digits = 12, trim = TRUE)
write.csv(rows, file.path(folder, "replicates.csv"), row.names = FALSE, quote = FALSE)
rows <- read.csv(file.path(folder, "replicates.csv"))
common <- list(data = rows, estvarname = "estimate", true = -0.75, se = "se", methodvar = "method", by = "n", ref = "b")
out <- rbind(
  cbind(limits = "wald", do.call(simsum, common)$summ),
  cbind(limits = "t", do.call(simsum, c(common, df = "df"))$summ),
  cbind(limits = "given", do.call(simsum, c(common, list(ci.limits = c("low", "high"))))$summ)
)
write.csv(format(out, digits = 12, trim = TRUE), file.path(folder, "performance.csv"), row.names = FALSE, quote = FALSE)
