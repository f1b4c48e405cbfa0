"""Attribution: which contacts brought customers, and what those customers are worth."""
