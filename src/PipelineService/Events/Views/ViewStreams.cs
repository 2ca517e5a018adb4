using PipelineService.Access;
using PipelineService.Datasets.Views;
using PipelineService.Events.Requests;

namespace PipelineService.Events.Views;

/// <summary>Serves views as streams of the groups that change.</summary>
internal sealed class ViewStreams(
    ViewFeed views, EventFeed feed, CallerAgain callers, IHostApplicationLifetime lifetime, TimeProvider time)
{
    /// <param name="tenant">Whose dataset it is.</param>
    public IResult Open(StoredView view, string? tenant) =>
        feed.TryEnter() is { } place ? new Answer(this, view, tenant, place) : EventProblems.TooManyStreams.ToResult();

    private async Task RunAsync(StoredView view, string? tenant, HttpContext context)
    {
        ViewChannel channel = views.Enter(view);
        try
        {
            EventStream stream = new(context, callers, feed, time, lifetime.ApplicationStopping);
            await stream.RunAsync(token => FollowAsync(stream, channel, tenant, token));
        }
        finally
        {
            views.Leave(channel);
        }
    }

    private async Task FollowAsync(EventStream stream, ViewChannel channel, string? tenant, CancellationToken cancellationToken)
    {
        // The first look tells whoever is there to begin; whoever comes behind it begins at once.
        long place = channel.End;
        if (channel.Snapshot is not null)
        {
            await stream.SendAsync(ViewFeed.Reset("begin"));
        }

        while (await stream.IsAllowedAsync(cancellationToken) && MaySee(stream.Caller, channel.Dataset, tenant))
        {
            Task more = Task.WhenAny(channel.Next, feed.Next);
            IReadOnlyList<byte[]>? frames = channel.ReadFrom(place);
            if (frames is null)
            {
                place = channel.End;
                await stream.SendAsync(ViewFeed.Reset("behind"));
                continue;
            }

            foreach (byte[] frame in frames)
            {
                await stream.SendAsync(frame);
            }

            place += frames.Count;
            if (channel.IsGone && frames.Count == 0)
            {
                return;
            }

            if (frames.Count == 0 && stream.IsBeatDue)
            {
                await stream.SendAsync(EventFrames.Beat(position: null));
            }

            if (frames.Count == 0)
            {
                await more.WaitAsync(cancellationToken);
            }
        }
    }

    /// <summary>A view is of the rows of all sources.</summary>
    public static bool MaySee(Caller caller, string dataset, string? tenant) => caller.Sees(dataset, tenant) && caller.Source is null;

    private sealed class Answer(ViewStreams streams, StoredView view, string? tenant, IDisposable place) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            using (place)
            {
                await streams.RunAsync(view, tenant, httpContext);
            }
        }
    }
}
