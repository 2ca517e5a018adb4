using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace PipelineService.Events.Webhooks;

/// <summary>
/// When a delivery that failed is tried again: the schedule that Standard Webhooks recommends, ten attempts over some three days, each a
/// little
/// later than it says, so that those that failed together do not come back together.
/// </summary>
internal static class DeliverySchedule
{
    private const double JitterMax = 0.1;

    private static readonly ImmutableArray<TimeSpan> Pauses =
    [
        TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(30), TimeSpan.FromHours(2), TimeSpan.FromHours(5),
        TimeSpan.FromHours(10), TimeSpan.FromHours(14), TimeSpan.FromHours(20), TimeSpan.FromHours(24),
    ];

    /// <summary>The longest that an answer may ask us to wait (<c>Retry-After</c>).</summary>
    private static readonly TimeSpan AskedMax = TimeSpan.FromHours(1);

    public static int AttemptsMax => Pauses.Length + 1;

    /// <param name="attempt">How many there were.</param>
    /// <param name="asked">How long the answer asks us to wait.</param>
    /// <returns>Null: no more.</returns>
    [SuppressMessage("Security", "CA5394", Justification = "Jitter, not a secret.")]
    public static TimeSpan? PauseAfter(int attempt, TimeSpan? asked)
    {
        if (attempt >= AttemptsMax)
        {
            return null;
        }

        TimeSpan pause = Pauses[Math.Max(0, attempt - 1)] * (1 + (JitterMax * Random.Shared.NextDouble()));
        TimeSpan wish = asked is { } time ? TimeSpan.FromTicks(Math.Clamp(time.Ticks, 0, AskedMax.Ticks)) : TimeSpan.Zero;
        return wish > pause ? wish : pause;
    }
}
