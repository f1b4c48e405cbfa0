-- Predicted and actual money of each customer: the cell's factor times what is known of the customer's own spend.
SELECT
    ({gamma} + cell.orders * coalesce(summary.{mean}, {population_mean})) * cell.factor AS predicted,
    CAST(summary.holdout_money AS DOUBLE) * {margin} AS actual
FROM {summary} AS summary
INNER JOIN {cells} AS cell
    ON {same_cell}
