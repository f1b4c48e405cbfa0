-- What was known of a subscriber at a moment, what they held just after it, what they paid from then on, and what they
-- held when that time was over.
SELECT
    moment.customer_key,
    moment.spell,
    moment.n,
    moment.day,
    moment.arm,
    moment.chance,
    arg_max(contract.plan, contract.mrr) FILTER ({held_before}) AS plan,
    coalesce(sum(contract.mrr) FILTER ({held_before}), 0) AS price,
    count(*) FILTER ({held_before}) AS contracts,
    max(date_diff('day', contract.paid_from, moment.before)) FILTER ({held_before}) AS days_on_plan,
    {on_plan} AS on_plan,
    count(*) FILTER ({changed} AND contract.mrr > contract.mrr_before) AS upgrades,
    count(*) FILTER ({changed} AND contract.mrr < contract.mrr_before) AS downgrades,
    arg_max(contract.plan, contract.mrr) FILTER ({held_after}) AS plan_after,
    arg_max(contract.plan, contract.paid_from) FILTER ({held_after}) AS newest_after,
    coalesce(sum(contract.mrr) FILTER ({held_after}), 0) AS price_after,
    count(*) FILTER ({held_after}) AS contracts_after,
    coalesce(sum(contract.mrr * {flow}) FILTER (moment.day IS NOT NULL), 0) AS paid,
    arg_max(contract.plan, contract.mrr) FILTER ({held_last}) AS plan_last,
    coalesce(sum(contract.mrr) FILTER ({held_last}), 0) AS price_last,
    {age_last} AS age_last,
    {on_last} AS on_last,
    arg_max(contract.plan, contract.until) FILTER (contract.until <= moment.over) AS plan_left,
    arg_max(contract.mrr, contract.until) FILTER (contract.until <= moment.over) AS price_left,
    {gone_last} AS gone_last
FROM {moments} AS moment
INNER JOIN {contract} AS contract ON contract.customer_key = moment.customer_key
GROUP BY ALL
HAVING count(*) FILTER ({held_before}) > 0
ORDER BY moment.customer_key, moment.spell, moment.n
