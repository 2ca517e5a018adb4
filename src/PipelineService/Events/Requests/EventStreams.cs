using PipelineService.Access;

namespace PipelineService.Events.Requests;

/// <summary>Serves the log as streams.</summary>
internal sealed class EventStreams(
    EventFeed feed, EventStore store, CallerAgain callers, IHostApplicationLifetime lifetime, TimeProvider time)
{
    /// <summary>Events that are written before they are flushed.</summary>
    private const int BatchMax = 64;

    /// <param name="after">Behind which position; null: from now on.</param>
    public async Task<IResult> OpenAsync(EventFilter filter, long? after, CancellationToken cancellationToken)
    {
        // Asked of the database: this instance may be half a second behind the one that the client comes from.
        LogEnds ends = await store.FindEndsAsync(cancellationToken);
        IDisposable? place = feed.TryEnter();
        return place is null ? EventProblems.TooManyStreams.ToResult() : new Answer(this, filter, after, ends, place);
    }

    private Task RunAsync(EventFilter filter, long? after, LogEnds ends, HttpContext context)
    {
        EventStream stream = new(context, callers, feed, time, lifetime.ApplicationStopping);
        return stream.RunAsync(async cancellationToken =>
        {
            long position = after ?? ends.Head;
            if (position > ends.Head || (position > 0 && position < ends.Gone))
            {
                string reason = position > ends.Head ? "ahead" : "too_old";
                position = position > ends.Head ? ends.Head : ends.Gone;
                await stream.SendAsync(EventFrames.Reset(reason, ends, position));
            }

            await FollowAsync(stream, filter, Math.Max(position, ends.Gone), cancellationToken);
        });
    }

    private async Task FollowAsync(EventStream stream, EventFilter filter, long position, CancellationToken cancellationToken)
    {
        long told = position;
        while (await stream.IsAllowedAsync(cancellationToken))
        {
            filter = filter with { Caller = stream.Caller };
            Task more = feed.Next;
            IReadOnlyList<FedEvent> events = await feed.ReadAsync(position, BatchMax, cancellationToken);
            bool isAny = false;
            foreach (FedEvent one in events)
            {
                position = one.Row.Position;
                if (filter.Matches(one.Row))
                {
                    stream.Add(one.Frame);
                    (told, isAny) = (position, true);
                }
            }

            if (isAny)
            {
                await stream.FlushAsync();
            }
            else if (stream.IsBeatDue)
            {
                await stream.SendAsync(EventFrames.Beat(position > told ? position : null));
                told = position;
            }

            if (events.Count == 0)
            {
                await more.WaitAsync(cancellationToken);
            }
        }
    }

    private sealed class Answer(EventStreams streams, EventFilter filter, long? after, LogEnds ends, IDisposable place) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            using (place)
            {
                await streams.RunAsync(filter, after, ends, httpContext);
            }
        }
    }
}
