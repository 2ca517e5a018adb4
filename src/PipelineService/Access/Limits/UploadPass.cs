using PipelineService.Hosting.Http;

namespace PipelineService.Access.Limits;

/// <summary>
/// An upload's place among those that its key, its tenant and its dataset may have at once, and the measure of its bytes. Disposing gives
/// the place back; bytes that have come are not given back, whatever becomes of them. Without limits it is nothing.
/// </summary>
internal readonly struct UploadPass : IDisposable
{
    private readonly Quota? _key;
    private readonly Quota? _tenant;
    private readonly Quota? _dataset;

    private UploadPass(Quota? key, Quota? tenant, Quota? dataset) => (_key, _tenant, _dataset) = (key, tenant, dataset);

    /// <summary>
    /// Lets an upload in. A body whose length is known takes all its bytes at once, or is refused before the first has come; of another
    /// they are counted as they come.
    /// </summary>
    /// <returns>Why it may not come, or null.</returns>
    public static Problem? TryBegin(CallLimiter limiter, HttpContext context, string dataset, out UploadPass pass)
    {
        Problem? problem = TryBegin(limiter, context.GetCaller(), context.Request.ContentLength, dataset, out UploadPass begun);
        if (begun.IsNone)
        {
            pass = default;
            return null;
        }

        LimitFields.Tell(context.Response, begun._key, begun._tenant, begun._dataset);
        pass = problem is null ? begun : default;
        if (problem is null && context.Request.ContentLength is null && begun.Quotas.Any(quota => quota?.Bytes is not null))
        {
            context.Features.Set(new BodyMeter(begun));
        }

        return problem;
    }

    /// <summary>Lets an upload in that no request has brought.</summary>
    /// <param name="length">How many bytes it has; null when that is not known.</param>
    /// <param name="pass">To be disposed of when there is no problem.</param>
    /// <inheritdoc cref="TryBegin(CallLimiter, HttpContext, string, out UploadPass)" path="/returns"/>
    public static Problem? TryBegin(CallLimiter limiter, Caller caller, long? length, string dataset, out UploadPass pass)
    {
        (Quota? key, Quota? tenant) = limiter.Of(caller);
        Quota? ofDataset = limiter.OfDataset(dataset);
        pass = new UploadPass(key, tenant, ofDataset);
        if (pass.IsNone)
        {
            return null;
        }

        Problem? problem = CallLimiter.TakeCall(ofDataset, null) ?? pass.TakePlaces();
        if (problem is null && length is { } bytes && (problem = pass.TakeBytes(bytes, bytes)) is not null)
        {
            pass.Dispose();
        }

        return problem;
    }

    public void Dispose()
    {
        _key?.EndUpload();
        _tenant?.EndUpload();
        _dataset?.EndUpload();
    }

    /// <summary>Takes so many bytes of each, or of none.</summary>
    /// <param name="all">How many have come with them.</param>
    internal Problem? TakeBytes(long bytes, long all)
    {
        Quota?[] quotas = Quotas;
        for (int i = 0; i < quotas.Length; i++)
        {
            if (quotas[i]?.Bytes is not { } bucket || bucket.TryTake(bytes, all, out int waitSeconds))
            {
                continue;
            }

            foreach (Quota? taken in quotas.AsSpan(0, i))
            {
                taken?.Bytes?.GiveBack(bytes);
            }

            return all > bucket.Limit ? LimitProblems.BodyOverLimit(quotas[i]!) : LimitProblems.Bytes(quotas[i]!, waitSeconds);
        }

        return null;
    }

    private bool IsNone => _key is null && _tenant is null && _dataset is null;

    private Quota?[] Quotas => [_key, _tenant, _dataset];

    private Problem? TakePlaces()
    {
        Quota?[] quotas = Quotas;
        for (int i = 0; i < quotas.Length; i++)
        {
            if (quotas[i]?.TryBeginUpload() == false)
            {
                foreach (Quota? begun in quotas.AsSpan(0, i))
                {
                    begun?.EndUpload();
                }

                return LimitProblems.Uploads(quotas[i]!);
            }
        }

        return null;
    }
}
