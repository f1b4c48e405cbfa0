"""Value learned from everything that is known of customers, by gradient boosting; needs the extra ``learn``."""
