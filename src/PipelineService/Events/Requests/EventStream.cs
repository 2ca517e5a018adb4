using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;
using PipelineService.Access;
using PipelineService.Hosting.Http;

namespace PipelineService.Events.Requests;

/// <summary>
/// An answer of server-sent events that lasts. It ends when the client goes, when the service stops, and when the client may have it no
/// more.
/// A client that does not read is left by the connection itself (<c>Hosting:ReaderStallTimeout</c>).
/// </summary>
internal sealed class EventStream(HttpContext context, CallerAgain callers, EventFeed feed, TimeProvider time, CancellationToken stopping)
{
    /// <summary>Longest silence: proxies end connections that have more of it.</summary>
    private static readonly TimeSpan SilenceMax = TimeSpan.FromSeconds(15);

    private long _written = time.GetTimestamp();
    private long _asked = time.GetTimestamp();
    private bool _isHeld;

    /// <summary>Who follows, as of the last look.</summary>
    public Caller Caller { get; private set; } = context.GetCaller();

    private PipeWriter Body => context.Response.BodyWriter;

    /// <summary>Answers with the stream, and runs until there is an end. Whoever is gone ends it without a fault.</summary>
    public async Task RunAsync(Func<CancellationToken, Task> work)
    {
        context.Response.ContentType = EventEndpoints.StreamType;
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers["X-Accel-Buffering"] = "no";
        if (context.Request.WantsNoBody())
        {
            return;
        }

        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        if (context.Features.Get<IHttpMetricsTagsFeature>() is { } metrics)
        {
            metrics.MetricsDisabled = true; // the hours that it lasts are no measure of an answer
        }

        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        try
        {
            await SendAsync(EventFrames.Retry);
            await work(end.Token);
        }
        catch (OperationCanceledException)
        {
            // The client has gone, the service stops, or nobody reads: then the connection was ended while the last of it was held back.
            if (_isHeld && !stopping.IsCancellationRequested)
            {
                feed.CountDropped();
            }
        }
    }

    public void Add(ReadOnlySpan<byte> frame)
    {
        Span<byte> room = Body.GetSpan(frame.Length);
        frame.CopyTo(room);
        Body.Advance(frame.Length);
    }

    public Task SendAsync(ReadOnlySpan<byte> frame)
    {
        Add(frame);
        return FlushAsync();
    }

    public async Task FlushAsync()
    {
        ValueTask<FlushResult> flush = Body.FlushAsync(CancellationToken.None); // whoever waits for a reader is woken by the connection's end
        bool wasHeld = _isHeld;
        _isHeld = !flush.IsCompleted;
        FlushResult result = await flush;
        if (result.IsCompleted || result.IsCanceled || context.RequestAborted.IsCancellationRequested)
        {
            _isHeld |= wasHeld; // the end may be seen a little later than it was
            throw new OperationCanceledException("Nobody reads any more.");
        }

        _written = time.GetTimestamp();
    }

    /// <summary>Whether it has been silent for too long.</summary>
    public bool IsBeatDue => time.GetElapsedTime(_written) >= SilenceMax - EventBeat.Interval;

    /// <summary>Whether whoever follows still may. Asked every few seconds.</summary>
    public async ValueTask<bool> IsAllowedAsync(CancellationToken cancellationToken)
    {
        if (time.GetElapsedTime(_asked) < EventBeat.Interval)
        {
            return true;
        }

        _asked = time.GetTimestamp();
        if (await callers.FindAsync(context, cancellationToken) is not { } caller || !caller.Has(AccessScope.Read))
        {
            return false;
        }

        Caller = caller;
        return true;
    }
}
