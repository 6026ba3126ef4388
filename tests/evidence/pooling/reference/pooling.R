# Makes studies.csv (data of our own, by a seed) and pooling.json (what metafor and lme4 say of them).
# Run in this folder: Rscript pooling.R    (R 4.2.2, metafor 3.8-1, lme4 1.1-31, jsonlite)
suppressMessages({library(metafor); library(lme4); library(jsonlite)})
set.seed(20240611)
k <- 14
setting <- rep(c("clinic", "hospital"), length.out = k)
effects <- cbind(rnorm(k, 1.3, 0.7), rnorm(k, -2, 0.6))
effects[, 2] <- effects[, 2] + 0.5 * (effects[, 1] - 1.3) + 0.6 * (setting == "hospital")
n1 <- sample(15:120, k); n0 <- sample(60:900, k)
tp <- rbinom(k, n1, plogis(effects[, 1])); fp <- rbinom(k, n0, plogis(effects[, 2]))
tp[3] <- n1[3]; tp[9] <- 0; n1[9] <- 0   # a study without false negatives, and one without cancers
d <- data.frame(study = paste("study", 1:k), tp, fp, fn = n1 - tp, tn = n0 - fp, setting, year = 1990 + 2 * (1:k))
write.csv(d, "studies.csv", row.names = FALSE)

corrected <- function(d) {                # the continuity rule, nothing in empty arms
  both <- d$tp + d$fn > 0
  d$tp <- ifelse(both, d$tp + 0.5, NA); d$fn <- ifelse(both, d$fn + 0.5, NA); d$fp <- d$fp + 0.5; d$tn <- d$tn + 0.5
  d
}
long <- function(d) {
  z <- rbind(
    data.frame(study = d$study, arm = "a_sens", y = log(d$tp / d$fn), v = 1 / d$tp + 1 / d$fn),
    data.frame(study = d$study, arm = "b_fpr", y = log(d$fp / d$tn), v = 1 / d$fp + 1 / d$tn))
  z$hospital <- as.numeric(rep(d$setting, 2) == "hospital")
  z$year <- rep(d$year, 2) - 2000
  z[!is.na(z$y), ]
}
bivariate <- function(z, mods, method) {
  f <- rma.mv(y, v, mods = mods, random = ~ arm | study, struct = "UN", data = z, method = method,
              control = list(optimizer = "nlminb", REMLf = FALSE, rel.tol = 1e-10))
  list(coefficients = as.numeric(f$beta), standard_errors = f$se, tau = sqrt(f$tau2), correlation = f$rho,
       log_likelihood = as.numeric(logLik(f)))
}
z <- long(corrected(d))
models <- list(plain = ~ 0 + arm, setting = ~ 0 + arm + arm:hospital, year = ~ 0 + arm + arm:year)
out <- list(bivariate = lapply(models, function(m) list(reml = bivariate(z, m, "REML"), ml = bivariate(z, m, "ML"))))

w <- corrected(d[-9, ])
uni <- list(
  diagnostic_odds_ratio = escalc("OR", ai = w$tp, bi = w$fn, ci = w$fp, di = w$tn, add = 0),
  lr_positive = escalc("RR", ai = w$tp, bi = w$fn, ci = w$fp, di = w$tn, add = 0),
  lr_negative = escalc("RR", ai = w$fn, bi = w$tp, ci = w$tn, di = w$fp, add = 0),
  sensitivity = escalc("PLO", xi = w$tp, ni = w$tp + w$fn, add = 0))
one <- function(e, method) {
  f <- rma(yi, vi, data = e, method = method, control = list(threshold = 1e-12, maxiter = 1000))
  p <- predict(f)
  list(mean = as.numeric(f$b), low = f$ci.lb, high = f$ci.ub, tau = sqrt(f$tau2), i_squared = f$I2 / 100)
}
out$univariate <- lapply(uni, function(e) list(reml = one(e, "REML"), dersimonian_laird = one(e, "DL")))

rates <- list(rare = list(events = c(13, 0, 1, 1), n = c(1975, 1172, 471, 1353)),
              common = list(events = c(5, 9, 30, 2, 14, 8), n = c(120, 80, 300, 45, 260, 90)),
              alike = list(events = c(10, 11, 9, 10), n = rep(1000, 4)))
out$prevalence <- lapply(rates, function(r) {
  q <- data.frame(x = r$events, n = r$n, i = factor(seq_along(r$n)))
  f <- glmer(cbind(x, n - x) ~ 1 + (1 | i), family = binomial, nAGQ = 25, data = q,
             control = glmerControl(optCtrl = list(xtol_abs = 1e-12, ftol_abs = 1e-14, maxfun = 1e5)))
  c(r, list(mean = as.numeric(fixef(f)), standard_error = sqrt(vcov(f)[1, 1]), tau = attr(VarCorr(f)$i, "stddev")[[1]]))
})
large <- list(events = c(502, 899, 3011, 205, 1402, 811, 640, 1200), n = c(12000, 8000, 30000, 4500, 26000, 9000, 15000, 16000))
f <- rma(measure = "PLO", xi = events, ni = n, data = large, method = "REML")
out$prevalence_large <- c(large, list(mean = as.numeric(f$b), standard_error = f$se, tau = sqrt(f$tau2)))
write(toJSON(out, digits = 12, auto_unbox = TRUE, pretty = TRUE), "pooling.json")
