using System.Globalization;
using System.Text;
using PipelineService.Access;
using PipelineService.Datasets.Taps;
using PipelineService.Events.Requests;

namespace PipelineService.Events.Taps;

/// <summary>Serves records of a dataset as streams, as they are loaded.</summary>
internal sealed class TapStreams(
    RecordTaps taps, EventFeed feed, CallerAgain callers, IHostApplicationLifetime lifetime, TimeProvider time)
{
    /// <param name="tenant">Whose dataset it is.</param>
    public IResult Open(string dataset, string? tenant) =>
        feed.TryEnter() is { } place ? new Answer(this, dataset, tenant, place) : EventProblems.TooManyStreams.ToResult();

    private async Task RunAsync(string dataset, string? tenant, HttpContext context)
    {
        RecordTap tap = taps.Enter(dataset);
        try
        {
            EventStream stream = new(context, callers, feed, time, lifetime.ApplicationStopping);
            await stream.RunAsync(token => FollowAsync(stream, tap, tenant, token));
        }
        finally
        {
            taps.Leave(tap);
        }
    }

    private async Task FollowAsync(EventStream stream, RecordTap tap, string? tenant, CancellationToken cancellationToken)
    {
        long place = tap.End;
        while (await stream.IsAllowedAsync(cancellationToken) && stream.Caller.Sees(tap.Dataset, tenant) && stream.Caller.Source is null)
        {
            Task more = Task.WhenAny(tap.Next, feed.Next);
            (IReadOnlyList<byte[]> records, long missed) = tap.ReadFrom(place);
            if (missed > 0)
            {
                string json = string.Create(CultureInfo.InvariantCulture, $$"""{"records":{{missed}}}""");
                stream.Add(EventFrames.Of("missed", Encoding.UTF8.GetBytes(json), position: null));
            }

            foreach (byte[] record in records)
            {
                stream.Add(EventFrames.Of("record", record, position: null));
            }

            place += missed + records.Count;
            if (records.Count > 0)
            {
                await stream.FlushAsync();
                continue;
            }

            if (stream.IsBeatDue)
            {
                await stream.SendAsync(EventFrames.Beat(position: null));
            }

            await more.WaitAsync(cancellationToken);
        }
    }

    private sealed class Answer(TapStreams streams, string dataset, string? tenant, IDisposable place) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            using (place)
            {
                await streams.RunAsync(dataset, tenant, httpContext);
            }
        }
    }
}
