"""A user's cohort analysed whole: models developed, corrected for optimism, written as a paper."""
