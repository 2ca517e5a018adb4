using System.Globalization;
using System.Text;

namespace PipelineService.Access.Limits;

/// <summary>Of whom a quota is.</summary>
internal enum QuotaHolder
{
    Key,
    Tenant,
    Dataset,
}

/// <summary>
/// What is left of the limits of one key, tenant or dataset in this instance. The limits may change while it is used: what has been taken
/// counts under those that were there then.
/// </summary>
internal sealed class Quota(QuotaHolder holder, TimeProvider time)
{
    private volatile State _state = new(CallLimits.None, null, null, "");
    private int _uploads;

    public QuotaHolder Holder { get; } = holder;

    public CallLimits Limits => _state.Limits;

    public TokenBucket? Requests => _state.Requests;

    public TokenBucket? Bytes => _state.Bytes;

    /// <summary>Whether it is as a new one would be.</summary>
    public bool IsIdle => Volatile.Read(ref _uploads) == 0 && _state is { Requests: null or { IsFull: true }, Bytes: null or { IsFull: true } };

    /// <summary>Its limits from now on.</summary>
    public void Heed(CallLimits limits)
    {
        State now = _state;
        if (ReferenceEquals(now.Limits, limits) || now.Limits == limits)
        {
            return;
        }

        _state = new State(
            limits,
            now.Requests?.Limit == limits.RequestsPerMinute ? now.Requests : BucketOf(limits.RequestsPerMinute),
            now.Bytes?.Limit == limits.BytesPerMinute ? now.Bytes : BucketOf(limits.BytesPerMinute),
            PolicyOf(limits));

        TokenBucket? BucketOf(long? limit) => limit is { } given ? new TokenBucket(given, time) : null;
    }

    public bool TryBeginUpload()
    {
        if (Limits.UploadsAtOnce is { } max && Interlocked.Increment(ref _uploads) > max)
        {
            Interlocked.Decrement(ref _uploads);
            return false;
        }

        if (Limits.UploadsAtOnce is null)
        {
            Interlocked.Increment(ref _uploads);
        }

        return true;
    }

    public void EndUpload() => Interlocked.Decrement(ref _uploads);

    /// <summary>For the field <c>RateLimit-Policy</c>; empty without limits.</summary>
    public string Policy => _state.Policy;

    /// <summary>For the field <c>RateLimit</c>: what is left of each.</summary>
    public void Tell(StringBuilder text)
    {
        State state = _state;
        Tell(text, "requests", state.Requests);
        Tell(text, "bytes", state.Bytes);
        if (state.Limits.UploadsAtOnce is { } max)
        {
            Separate(text).Append(
                CultureInfo.InvariantCulture, $"\"{Word}-uploads\";r={Math.Max(0, max - Volatile.Read(ref _uploads))}");
        }
    }

    private string Word => Holder switch
    {
        QuotaHolder.Key => "key",
        QuotaHolder.Tenant => "tenant",
        _ => "dataset",
    };

    private void Tell(StringBuilder text, string what, TokenBucket? bucket)
    {
        if (bucket is not null)
        {
            (long left, int fullIn) = bucket.Remaining;
            Separate(text).Append(CultureInfo.InvariantCulture, $"\"{Word}-{what}\";r={left};t={fullIn}");
        }
    }

    private string PolicyOf(CallLimits limits)
    {
        StringBuilder text = new();
        if (limits.RequestsPerMinute is { } requests)
        {
            Separate(text).Append(CultureInfo.InvariantCulture, $"\"{Word}-requests\";q={requests};w={TokenBucket.WindowSeconds}");
        }

        if (limits.BytesPerMinute is { } bytes)
        {
            Separate(text).Append(
                CultureInfo.InvariantCulture, $"\"{Word}-bytes\";q={bytes};w={TokenBucket.WindowSeconds};qu=\"content-bytes\"");
        }

        if (limits.UploadsAtOnce is { } uploads)
        {
            Separate(text).Append(CultureInfo.InvariantCulture, $"\"{Word}-uploads\";q={uploads};qu=\"concurrent-requests\"");
        }

        return text.ToString();
    }

    internal static StringBuilder Separate(StringBuilder text) => text.Length == 0 ? text : text.Append(", ");

    private sealed record State(CallLimits Limits, TokenBucket? Requests, TokenBucket? Bytes, string Policy);
}
