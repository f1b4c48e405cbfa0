-- The last of the ids by which a person went, for every earlier one.
WITH RECURSIVE followed AS (
    SELECT previous_id, customer_id, 1 AS steps FROM {renamed}
    UNION ALL
    SELECT followed.previous_id, renamed.customer_id, followed.steps + 1
    FROM followed
    INNER JOIN {renamed} AS renamed ON renamed.previous_id = followed.customer_id
    -- Ids that replaced each other in a circle end where they began.
    WHERE followed.steps < {most} AND renamed.customer_id <> followed.previous_id
)
SELECT previous_id, arg_max(customer_id, steps) AS customer_id FROM followed GROUP BY previous_id
