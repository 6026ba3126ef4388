# Optimism of a logistic model on given resamples, by Harrell's bootstrap and .632, with glm, Hmisc and rms.
# python optimism_data.py FOLDER && Rscript optimism.R FOLDER
# R 4.2.2, Hmisc 4.8-0, rms 6.5-0
suppressMessages({library(Hmisc); library(rms)})
folder <- commandArgs(TRUE)[1]
d <- read.csv(file.path(folder, "patients.csv"))
rows <- as.matrix(read.csv(file.path(folder, "rows.csv"), header = FALSE))

net_benefit <- function(y, p, t) mean(p >= t & y == 1) - mean(p >= t & y == 0) * t / (1 - t)
measures <- function(y, p) {
  lp <- qlogis(p)
  r2 <- rms::val.prob(p, y, pl = FALSE, smooth = FALSE)["R2"]
  c(auroc = unname(somers2(p, y)["C"]), brier = mean((p - y)^2),
    calibration_in_the_large = unname(coef(glm(y ~ offset(lp), family = binomial, epsilon = 1e-14))[1]),
    calibration_slope = unname(coef(glm(y ~ lp, family = binomial, epsilon = 1e-14))[2]),
    observed_expected = mean(y) / mean(p), "net_benefit@0.1" = net_benefit(y, p, 0.1))
}
fit <- function(data) glm(y ~ ., data = data, family = binomial, epsilon = 1e-14)
risk <- function(model, data) predict(model, data, type = "response")

apparent <- measures(d$y, risk(fit(d), d))
each <- apply(rows, 2, function(i) {
  model <- fit(d[i, ]); out <- setdiff(seq_len(nrow(d)), i)
  c(measures(d$y[i], risk(model, d[i, ])), measures(d$y, risk(model, d)), measures(d$y[out], risk(model, d[out, ])))
})
k <- length(apparent)
own <- rowMeans(each[1:k, ]); test <- rowMeans(each[k + 1:k, ]); outside <- rowMeans(each[2 * k + 1:k, ])
print(rbind(apparent, harrell = apparent - (own - test), "632" = apparent - 0.632 * (apparent - outside)), digits = 12)
stable <- sapply(seq_len(ncol(rows)), function(b) risk(fit(d[rows[, b], ]), d))
cat("mean absolute prediction error", format(mean(abs(stable - risk(fit(d), d))), digits = 12), "\n")
