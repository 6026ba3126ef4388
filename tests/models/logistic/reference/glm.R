# Maximum likelihood (glm) and Firth (brglm2) on a cohort kept as patterns with counts, for test_logistic.py.
#   Rscript tests/models/logistic/reference/glm.R          (from the repository; R 4.2.2, brglm2 0.9, MASS, jsonlite)
suppressMessages({library(brglm2); library(MASS); library(jsonlite)})
p <- read.csv("tests/models/logistic/reference/glm_patients.csv")
d <- p[rep(seq_len(nrow(p)), p$n), ]
f <- outcome ~ age_50_or_over + history_of_cancer + unexplained_weight_loss + no_relief_with_rest
tight <- glm.control(epsilon = 1e-14, maxit = 100)
ml <- glm(f, binomial, d, control = tight)
firth <- glm(f, binomial, d, method = "brglmFit", type = "AS_mean", epsilon = 1e-12, maxit = 500)
small <- p[rep(seq_len(nrow(p)), p$first_1500), ]
firth_small <- glm(f, binomial, small, method = "brglmFit", type = "AS_mean", epsilon = 1e-12, maxit = 500)
drops <- drop1(ml, test = "LRT")
out <- list(
  ml = list(coefficient = unname(coef(ml)), standard_error = unname(sqrt(diag(vcov(ml)))), log_likelihood = as.numeric(logLik(ml)),
            profile = unname(suppressMessages(confint(ml))), p_value = drops[["Pr(>Chi)"]][-1]),
  firth = list(coefficient = unname(coef(firth)), plain_standard_error = unname(sqrt(diag(vcov(firth))))),
  firth_1500 = list(coefficient = unname(coef(firth_small)), events = sum(small$outcome))
)
writeLines(toJSON(out, digits = NA, auto_unbox = TRUE, pretty = TRUE), "tests/models/logistic/reference/glm.json")
