-- One row a path that began in the time that is looked at, with what became of it.
WITH path AS (
    SELECT
        path,
        any_value(customer_key) AS customer_key,
        any_value(first_day) AS first_day,
        any_value(begin_day) AS begin_day,
        any_value(touch_day) AS touch_day,
        string_agg(channel, chr(31) ORDER BY place) AS way
    FROM {contacts} AS contact
    WHERE begin_day BETWEEN {since} AND {until}
    GROUP BY path
),
judged AS (
    SELECT *, first_day IS NOT NULL AND date_diff('day', touch_day, first_day) <= {look_back} AS converted FROM path
)
SELECT
    path, begin_day, touch_day, way, converted,
    CASE WHEN converted THEN customer_key END AS customer_key,
    CASE WHEN converted THEN first_day END AS first_day,
    NOT converted AND date_diff('day', touch_day, {end}) < {look_back} AS unresolved,
    dense_rank() OVER (ORDER BY way) - 1 AS way_number,
    CASE WHEN converted THEN date_diff('day', begin_day, first_day)
         ELSE least(date_diff('day', begin_day, touch_day) + {look_back}, date_diff('day', begin_day, {end}) + 1)
    END AS quiet_days
FROM judged
