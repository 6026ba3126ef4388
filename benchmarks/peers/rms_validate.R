# Median seconds of three optimism bootstraps by rms: Rscript rms_validate.R patients.csv B
suppressMessages(library(rms))
arguments <- commandArgs(TRUE)
d <- read.csv(arguments[1])
f <- lrm(y ~ ., data = d, x = TRUE, y = TRUE)
seconds <- sapply(1:3, function(i) { set.seed(i); system.time(validate(f, B = as.integer(arguments[2])))["elapsed"] })
cat("\n", median(seconds), "\n")
