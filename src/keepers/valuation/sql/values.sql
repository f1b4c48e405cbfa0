-- One row a customer: history, what its cell is predicted to do, and money, which is a scale of the customer times
-- a factor of the cell.
SELECT
    {columns}
FROM (
    SELECT
        {row}
    FROM {summary} AS summary
    INNER JOIN {cells} AS cell
        ON {same_cell}{join}{percentiles}
) AS valued
