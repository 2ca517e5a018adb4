using System.Globalization;
using PipelineService.Hosting.Http;

namespace PipelineService.Access.Limits;

/// <summary>Every problem that somebody meets who has sent more than they may.</summary>
internal static class LimitProblems
{
    public static Problem Requests(Quota quota, int waitSeconds) => Refusal(
        "requests_limit", StatusCodes.Status429TooManyRequests, "There were more calls than may be.",
        $"{OfWhom(quota)} {quota.Limits.RequestsPerMinute?.ToString("N0", CultureInfo.InvariantCulture)} calls a minute. Nothing was done; "
        + $"send it again in {waitSeconds} s.",
        waitSeconds);

    public static Problem Bytes(Quota quota, int waitSeconds) => Refusal(
        "bytes_limit", StatusCodes.Status429TooManyRequests, "There were more bytes than may be.",
        $"{OfWhom(quota)} {quota.Limits.BytesPerMinute?.ToString("N0", CultureInfo.InvariantCulture)} bytes of uploads a minute. Nothing "
        + $"was kept; send the upload again in {waitSeconds} s.",
        waitSeconds);

    public static Problem Uploads(Quota quota) => Refusal(
        "uploads_limit", StatusCodes.Status429TooManyRequests, "More uploads arrive at once than may.",
        $"{OfWhom(quota)} {quota.Limits.UploadsAtOnce} uploads at once, and as many arrive now. Nothing was kept; send the upload again when "
        + "one of them has arrived.",
        waitSeconds: 1);

    /// <summary>One that waiting does not help.</summary>
    public static Problem BodyOverLimit(Quota quota) => new()
    {
        Code = "body_over_limit",
        Status = StatusCodes.Status413PayloadTooLarge,
        Title = "The upload is longer than its sender may send in a minute.",
        Detail = $"{OfWhom(quota)} {quota.Limits.BytesPerMinute?.ToString("N0", CultureInfo.InvariantCulture)} bytes of uploads a minute, and "
            + "the body alone has more. Nothing was kept. Send it in parts, compress it, or ask for a higher limit.",
    };

    public static IReadOnlyList<Problem> OfUploads { get; } = [Bytes(Example, 12), Uploads(Example), BodyOverLimit(Example)];

    public static Problem OfCalls { get; } = Requests(Example, 1);

    private static Quota Example
    {
        get
        {
            Quota quota = new(QuotaHolder.Key, TimeProvider.System);
            quota.Heed(new CallLimits(600, 100_000_000, 4));
            return quota;
        }
    }

    private static string OfWhom(Quota quota) => quota.Holder switch
    {
        QuotaHolder.Key => "The caller has a limit of",
        QuotaHolder.Tenant => "All callers of the tenant together have a limit of",
        _ => "All senders to the dataset together have a limit of",
    };

    private static Problem Refusal(string code, int status, string title, string detail, int waitSeconds) => new()
    {
        Code = code,
        Status = status,
        Title = title,
        Detail = detail,
        RetryAfterSeconds = waitSeconds,
    };
}
