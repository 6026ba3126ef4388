# Reference numbers for the tests of measures, from R packages.
#
#   Rscript tests/measures/reference/measures.R      (in the folder of the repository; writes two files beside this one)
#
# Run with R 4.2.2, pROC 1.18.0, rms 6.5.0, Hmisc 4.8.0 and riskRegression 2022.11.28.

suppressMessages({
  library(pROC); library(rms); library(riskRegression); library(jsonlite)
})
folder <- "tests/measures/reference"

# 600 patients, two models with ties, 15 % events
set.seed(20250)
n <- 600
signal <- rnorm(n, -2.2, 1.2)
y <- rbinom(n, 1, plogis(signal))
a <- round(plogis(0.3 + 0.8 * signal + rnorm(n, 0, 0.5)), 3)
b <- round(plogis(signal + rnorm(n, 0, 1)), 2)
b <- pmin(pmax(b, 0.01), 0.99)
patients <- data.frame(y, a, b)
write.csv(patients, file.path(folder, "patients.csv"), row.names = FALSE)

curve <- function(risk) roc(y, risk, quiet = TRUE, direction = "<")
ra <- curve(a); rb <- curve(b)
area <- function(...) as.numeric(auc(ra, ...))
out <- list()

out$auc <- c(area(), as.numeric(auc(rb)))
out$delong <- as.numeric(ci.auc(ra))
test <- roc.test(ra, rb, method = "delong", paired = TRUE)
out$compare <- list(z = unname(test$statistic), p = test$p.value, low = test$conf.int[1], high = test$conf.int[2])
out$partial <- list(
  specificity = area(partial.auc = c(1, 0.9)),
  specificity_corrected = area(partial.auc = c(1, 0.9), partial.auc.correct = TRUE),
  sensitivity = area(partial.auc = c(1, 0.8), partial.auc.focus = "sensitivity"),
  sensitivity_corrected = area(partial.auc = c(1, 0.8), partial.auc.focus = "sensitivity", partial.auc.correct = TRUE)
)
at <- coords(ra, x = c(0.1, 0.2, 0.4), input = "threshold", ret = c("specificity", "sensitivity", "ppv"), transpose = FALSE)
out$coords <- as.matrix(at)

out$val_prob <- as.list(val.prob(a, y, pl = FALSE))
out$val_prob_b <- as.list(val.prob(b, y, pl = FALSE))

# smoothed proportions of every tenth patient
tenth <- seq(1, n, 10)
out$lowess <- lowess(a, y, iter = 0)$y[order(order(a))][tenth]
out$lowess_ties <- lowess(b, y, iter = 0)$y[order(order(b))][tenth]
out$loess <- unname(fitted(loess(y ~ a)))[tenth]
out$loess_ties <- unname(fitted(loess(y ~ b)))[tenth]
out$isotonic <- isoreg(a[order(a, -y)], y[order(a, -y)])$yf[order(order(a, -y))][tenth]

# logistic recalibration by glm, with Miller's likelihood-ratio tests
l <- qlogis(a)
given <- -2 * sum(dbinom(y, 1, a, log = TRUE))
shift <- glm(y ~ 1, offset = l, family = binomial, control = list(epsilon = 1e-14))
line <- glm(y ~ l, family = binomial, control = list(epsilon = 1e-14))
out$miller <- list(both = given - deviance(line), in_the_large = given - deviance(shift), slope = deviance(shift) - deviance(line))
out$recalibration <- list(in_the_large = unname(coef(shift)), slope = unname(coef(line)[2]),
                       se_large = unname(sqrt(vcov(shift)[1, 1])), se_slope = unname(sqrt(vcov(line)[2, 2])))

# restricted cubic spline of the logit risk, 5 knots: curve at three risks and indices over patients
spline <- lrm(y ~ rcs(l, 5), eps = 1e-12, maxit = 50)
predicted <- predict(spline, data.frame(l = qlogis(c(0.05, 0.2, 0.5))), se.fit = TRUE)
gap <- abs(a - plogis(predict(spline, data.frame(l))))
out$rcs <- list(logit = unname(predicted$linear.predictors), se = unname(predicted$se.fit),
                indices = c(mean(gap), median(gap), quantile(gap, 0.9, names = FALSE), max(gap), 100 * mean(gap^2)))

score <- Score(list(a = a, b = b), y ~ 1, data = patients, metrics = c("auc", "brier"), summary = "ipa", se.fit = TRUE)
out$score <- list(brier = score$Brier$score[model != "Null model", Brier], brier_se = score$Brier$score[model != "Null model", se],
                  ipa = score$Brier$score[model != "Null model", IPA], auc_se = score$AUC$score$se)
out$log_loss <- -mean(dbinom(y, 1, a, log = TRUE))
out$discrimination_slope <- unname(diff(tapply(a, y, mean)))
welch <- t.test(a[y == 1], a[y == 0])
out$discrimination_slope_se <- unname(welch$stderr)

writeLines(toJSON(out, digits = 16, auto_unbox = TRUE, matrix = "rowmajor", pretty = TRUE), file.path(folder, "measures.json"))
