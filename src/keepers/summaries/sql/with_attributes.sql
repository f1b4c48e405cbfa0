-- The rows of a summary with attributes of the customers, and a number for each distinct pattern of them.
SELECT
    {own},
    dense_rank() OVER (ORDER BY {columns}) - 1 AS pattern,
    {columns}
FROM {summary} AS summary
LEFT JOIN {attributes} AS attribute ON CAST(attribute.{key} AS VARCHAR) = summary.{summary_key}{order}
