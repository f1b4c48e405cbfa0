-- Predicted and actual money of each customer: the cell's factor times the customer's scale.
SELECT
    summary.customer_key,
    ({scale}) * cell.factor AS predicted,
    CAST(summary.holdout_money AS DOUBLE) * {margin} AS actual
FROM {summary} AS summary
INNER JOIN {cells} AS cell
    ON {same_cell}{join}
