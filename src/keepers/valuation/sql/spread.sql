-- Mean and median of the predicted value of a customer, and what all have brought so far.
SELECT avg({value}), percentile_cont(0.5) WITHIN GROUP (ORDER BY {value}), sum(clv_historic)
FROM {values}
