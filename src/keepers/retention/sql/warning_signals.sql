-- One row a customer with what was known of them on a day: engagement lately and before, feedback, payments that failed,
-- refunds and complaints, discounts. Everything that happened later is left out.
WITH who AS (
    SELECT customer_key, first_day FROM {customers}
),
engaged AS (
    SELECT
        customer_key,
        count(*) FILTER (WHERE kind <> 'unsubscribe' AND age < {recent}) AS recent,
        count(*) FILTER (WHERE kind <> 'unsubscribe' AND age >= {recent} AND age < {before}) AS earlier,
        count(*) FILTER (WHERE kind <> 'unsubscribe' AND age < 90) AS recent_90,
        count(*) FILTER (WHERE kind <> 'unsubscribe' AND age >= 90 AND age < 270) AS earlier_90,
        min(age) FILTER (WHERE kind = 'unsubscribe') AS unsubscribed_days
    FROM (
        SELECT customer_key, kind, date_diff('day', day, {cut}) AS age
        FROM {engagement}
        WHERE day <= {cut} AND kind IN ('open', 'click', 'session', 'login', 'unsubscribe')
    ) AS event
    GROUP BY customer_key
),
said AS (
    SELECT
        customer_key,
        sum(exp(-age / 90.0)) FILTER (WHERE low) AS unhappy,
        min(age) FILTER (WHERE low) AS unhappy_days,
        arg_min(kind || ' ' || CAST(score AS INTEGER), age) FILTER (WHERE low) AS unhappy_score,
        sum(exp(-age / 90.0)) FILTER (WHERE kind = 'complaint') AS complained,
        min(age) FILTER (WHERE kind = 'complaint') AS complained_days
    FROM (
        SELECT
            customer_key, kind, score, date_diff('day', day, {cut}) AS age,
            (kind = 'nps' AND score <= 6) OR (kind IN ('csat', 'review') AND score <= 2) AS low
        FROM {feedback}
        WHERE day <= {cut} AND day > {cut} - 540
    ) AS answer
    GROUP BY customer_key
),
returned AS (
    SELECT customer_key, sum(exp(-age / 90.0)) AS refunded, min(age) AS refunded_days
    FROM (SELECT customer_key, date_diff('day', day, {cut}) AS age FROM {refunds} WHERE day <= {cut}) AS refund
    WHERE age < 540
    GROUP BY customer_key
),
ordered AS (
    SELECT
        customer_key,
        count(*) FILTER (WHERE counted) AS bought,
        count(*) FILTER (WHERE counted AND (coalesce(discount, 0) > 0 OR discount_code IS NOT NULL)) AS discounted,
        min(date_diff('day', day, {cut})) FILTER (WHERE counted) AS bought_days,
        min(date_diff('day', day, {cut})) FILTER (WHERE status = 'failed') AS failed_days
    FROM {orders}
    WHERE day <= {cut} AND customer_key IS NOT NULL
    GROUP BY customer_key
),
due AS (
    SELECT customer_key, 1 AS past_due
    FROM {past_due}
    GROUP BY customer_key
),
exposed AS (
    SELECT customer_key, date_diff('day', first_day, {cut}) AS known_days FROM who
)
SELECT
    who.customer_key,
    coalesce(engaged.recent, 0) AS recent_{recent},
    -- As many days of before as of lately; nothing is usual for somebody known too short.
    CASE
        WHEN known_days >= {recent} + 30
            THEN coalesce(engaged.earlier, 0) * {recent} / CAST(least(known_days, {before}) - {recent} AS DOUBLE)
        ELSE 0
    END AS usual_{recent},
    coalesce(engaged.recent_90, 0) AS recent_90,
    CASE
        WHEN known_days >= 150 THEN coalesce(engaged.earlier_90, 0) * 90.0 / CAST(least(known_days, 270) - 90 AS DOUBLE)
        ELSE 0
    END AS usual_90,
    coalesce(engaged.unsubscribed_days, 100000) AS unsubscribed_days,
    coalesce(said.unhappy, 0) AS unhappy,
    said.unhappy_days,
    said.unhappy_score,
    coalesce(said.complained, 0) + coalesce(returned.refunded, 0) AS wronged,
    said.complained_days,
    returned.refunded_days,
    CASE
        WHEN failed_days < 90 AND failed_days < coalesce(bought_days, 100000) THEN exp(-failed_days / 60.0)
        ELSE 0
    END AS failed,
    failed_days,
    coalesce(due.past_due, 0) AS past_due,
    coalesce(ordered.bought, 0) AS bought,
    coalesce(ordered.discounted, 0) AS discounted
FROM who
INNER JOIN exposed ON exposed.customer_key = who.customer_key
LEFT JOIN engaged ON engaged.customer_key = who.customer_key
LEFT JOIN said ON said.customer_key = who.customer_key
LEFT JOIN returned ON returned.customer_key = who.customer_key
LEFT JOIN ordered ON ordered.customer_key = who.customer_key
LEFT JOIN due ON due.customer_key = who.customer_key
