-- What is known of the next order of each customer: the mean, variances and third cumulant of what it gains and loses.
WITH side AS (
    SELECT
        summary.customer_key,
        coalesce(side.gains, 0) AS gains,
        coalesce(side.gained, 0) AS gained,
        coalesce(side.losses, 0) AS losses,
        coalesce(side.lost, 0) AS lost,
        coalesce(side.zeros, 0) AS zeros,
        {gamma} AS own_gamma,
        {a} AS own_a,
        {gamma_loss} AS own_gamma_loss
    FROM {summary} AS summary
    LEFT JOIN {sides} AS side ON side.customer_key = summary.customer_key
),
sized AS (
    SELECT
        customer_key,
        own_a + gains AS won,
        {b} + losses + zeros AS missed,
        {p} * (own_gamma + gained) / (greatest({p} * gains + {q}, {safe_mean}) - 1) AS size,
        greatest({p} * gains + {q}, {safe_variance}) AS shape,
        {p_loss} * (own_gamma_loss + lost) / (greatest({p_loss} * losses + {q_loss}, {safe_mean}) - 1) AS loss_size,
        greatest({p_loss} * losses + {q_loss}, {safe_variance}) AS loss_shape
    FROM side
),
chance AS (
    SELECT
        customer_key,
        size,
        size * size * (shape - 1) / (shape - 2) AS square,
        loss_size,
        loss_size * loss_size * (loss_shape - 1) / (loss_shape - 2) AS loss_square,
        {won_share} AS won,
        {missed_share} AS missed,
        {won_twice} AS won_twice,
        {missed_twice} AS missed_twice,
        {one_of_each} AS one_of_each
    FROM sized
),
moments AS (
    SELECT
        customer_key,
        won * size AS gain,
        won * square * (1 + 1 / {p}) AS gain_square,
        won_twice * square AS gain_common,
        won * power(square * (1 + 1 / {p}) / size, 3) AS gain_cube,
        missed * {real} * loss_size AS loss,
        missed * {real} * loss_square * (1 + 1 / {p_loss}) AS loss_square,
        missed_twice * {real} * {real} * loss_square AS loss_common,
        missed * {real} * power(loss_square * (1 + 1 / {p_loss}) / loss_size, 3) AS loss_cube,
        one_of_each * size * {real} * loss_size AS common
    FROM chance
)
SELECT
    customer_key,
    gain,
    gain_square - gain_common AS gain_within,
    gain_common - gain * gain AS gain_between,
    gain_cube - 3 * gain * gain_square + 2 * gain * gain * gain AS gain_third,
    loss,
    loss_square - loss_common AS loss_within,
    loss_common - loss * loss AS loss_between,
    loss_cube - 3 * loss * loss_square + 2 * loss * loss * loss AS loss_third,
    common AS both_sides
FROM moments
