-- One row a customer: history, what its cell is predicted to do, and money, which is (gamma + orders * mean spend) times
-- a factor of the cell.
SELECT
    {identity},
    first_day AS first_order_date,
    last_day AS last_order_date,
    orders,
    revenue,
    frequency,
    recency_days,
    T_days AS age_days,
    T_days - recency_days AS days_since_last_order,
    CASE WHEN usual_gap_days < {never} THEN usual_gap_days END AS usual_gap_days,
    silence_probability,
    probability_alive,
    probability_alive_end,
    churn_probability,
    expected_orders,
    expected_orders_low,
    expected_orders_high,
    CASE WHEN next_order_days < {never} THEN {cut} + CAST(next_order_days AS INTEGER) END AS expected_next_order_date,
    risk_by_model = 1 AS at_risk_by_model,
    risk_by_rhythm = 1 AS at_risk_by_rhythm,
    CASE state {states} END AS customer_state,
    clv_historic,
    {money},
    clv_percentile,
    {tier} AS clv_tier,
    r_score,
    f_score,
    m_score,
    {rfm_group} AS rfm_group
FROM (
    SELECT
        {row},
        summary.first_day,
        summary.last_day,
        summary.orders,
        summary.frequency,
        summary.recency_days,
        summary.T_days,
        summary.revenue,
        {historic} AS clv_historic,
        {scale} AS scale,
        {scores},
        percentile.clv_percentile,
        cell.{cell_columns}
    FROM {summary} AS summary
    INNER JOIN {cells} AS cell
        ON cell.frequency = summary.frequency
        AND cell.recency_days = summary.recency_days
        AND cell.T_days = summary.T_days
    INNER JOIN {percentiles} AS percentile ON percentile.{key} = summary.{key}
) AS valued
