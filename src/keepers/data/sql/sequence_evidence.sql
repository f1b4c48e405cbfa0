-- How often one row is not before the last, and not after it, under each order of day and month.
WITH ordered AS (
    SELECT first_row, make_date(year, second_part, first_part) AS dmy, make_date(year, first_part, second_part) AS mdy
    FROM {tokens}
    WHERE open_order AND first_part BETWEEN 1 AND 12 AND second_part BETWEEN 1 AND 12
),
steps AS (
    SELECT date_diff('day', lag(dmy) OVER w, dmy) AS dmy, date_diff('day', lag(mdy) OVER w, mdy) AS mdy
    FROM ordered WINDOW w AS (ORDER BY first_row)
)
SELECT count(*) FILTER (dmy IS NOT NULL), count(*) FILTER (dmy >= 0), count(*) FILTER (dmy <= 0),
       count(*) FILTER (mdy >= 0), count(*) FILTER (mdy <= 0)
FROM steps
