using System.Text.Json;
using PipelineService.Access;
using PipelineService.Core.Jobs;
using PipelineService.Hosting.Http;
using PipelineService.Jobs;
using PipelineService.Jobs.Requests;

namespace PipelineService.Events.Requests;

/// <summary>
/// Serves one job as a stream: how far it is, from memory or by looks at its row, and its events of the log. Progress is told as it is
/// seen;
/// the events are those that everybody gets, and the last of them is the end.
/// </summary>
internal sealed class JobStreams(
    JobQueries jobs, EventFeed feed, EventStore store, CallerAgain callers, IHostApplicationLifetime lifetime, TimeProvider time)
{
    private const string Progress = "job.progress";

    /// <summary>How long a wait for a change lasts: then the stream shows that it lives.</summary>
    private static readonly TimeSpan WaitMax = EventBeat.Interval;

    /// <summary>Between two looks into the log while the job goes on.</summary>
    private static readonly TimeSpan LookPause = TimeSpan.FromSeconds(1);

    /// <summary>How long the end of a job that is final may take to get its place in the log.</summary>
    private static readonly TimeSpan EndMax = TimeSpan.FromSeconds(30);

    /// <param name="after">Events behind this position; null: all that are kept.</param>
    public async Task<IResult> OpenAsync(JobRow job, long? after, CancellationToken cancellationToken)
    {
        List<EventRow> events = await store.ReadOfJobAsync(job.Id, after ?? 0, cancellationToken);
        if (after is not null && job.JobState.IsFinal() && events.Count == 0 && await HasEndedAsync(job.Id, after.Value, cancellationToken))
        {
            return TypedResults.NoContent();
        }

        return feed.TryEnter() is { } place ? new Answer(this, job, after ?? 0, place) : EventProblems.TooManyStreams.ToResult();
    }

    /// <summary>Whether the client has had the end.</summary>
    private async Task<bool> HasEndedAsync(Guid job, long position, CancellationToken cancellationToken) =>
        (await store.ReadOfJobAsync(job, 0, cancellationToken)).Any(e => e.Type == EventTypes.JobFinished && e.Position <= position);

    private Task RunAsync(JobRow job, long after, HttpContext context)
    {
        EventStream stream = new(context, callers, feed, time, lifetime.ApplicationStopping);
        return stream.RunAsync(token => FollowAsync(stream, job, after, token));
    }

    private async Task FollowAsync(EventStream stream, JobRow job, long position, CancellationToken cancellationToken)
    {
        JobRow? current = job;
        JobRow? shown = null;
        long looked = 0;
        while (current is { } row && !row.JobState.IsFinal() && await stream.IsAllowedAsync(cancellationToken))
        {
            if (shown is null || HasChanged(shown, row))
            {
                await TellAsync(stream, row);
                shown = row;
            }
            else if (stream.IsBeatDue)
            {
                await stream.SendAsync(EventFrames.Beat(position: null));
            }

            if (looked == 0 || time.GetElapsedTime(looked) >= LookPause)
            {
                looked = time.GetTimestamp();
                (position, _) = await SendEventsAsync(stream, job.Id, position, cancellationToken);
            }

            current = await jobs.WaitAsync(
                job.Id, stream.Caller, next => next.JobState.IsFinal() || HasChanged(row, next), WaitMax, cancellationToken);
        }

        if (current?.JobState.IsFinal() == true)
        {
            await EndAsync(stream, current, position, cancellationToken);
        }
    }

    /// <summary>The job as it ended, then the end that has a place in the log.</summary>
    private async Task EndAsync(EventStream stream, JobRow row, long position, CancellationToken cancellationToken)
    {
        await TellAsync(stream, row);
        while (true)
        {
            Task more = feed.Next;
            (position, bool hasEnded) = await SendEventsAsync(stream, row.Id, position, cancellationToken);
            if (hasEnded || time.GetUtcNow().UtcDateTime - row.FinishedAt > EndMax)
            {
                return; // what ended longer ago has its place, or that is gone
            }

            await more.WaitAsync(cancellationToken);
        }
    }

    private async Task<(long Position, bool HasEnded)> SendEventsAsync(
        EventStream stream, Guid job, long position, CancellationToken cancellationToken)
    {
        bool hasEnded = false;
        foreach (EventRow row in await store.ReadOfJobAsync(job, position, cancellationToken))
        {
            await stream.SendAsync(EventFrames.Of(row));
            position = row.Position;
            hasEnded |= row.Type == EventTypes.JobFinished;
        }

        return (position, hasEnded);
    }

    private static Task TellAsync(EventStream stream, JobRow row) => stream.SendAsync(
        EventFrames.Of(Progress, JsonSerializer.SerializeToUtf8Bytes(JobView.Of(row), PipelineJson.Options), position: null));

    private static bool HasChanged(JobRow before, JobRow now) =>
        (before.State, before.WaitingFor, before.Counts, before.UploadBytes, before.UploadComplete, before.CancelRequested)
        != (now.State, now.WaitingFor, now.Counts, now.UploadBytes, now.UploadComplete, now.CancelRequested);

    private sealed class Answer(JobStreams streams, JobRow job, long after, IDisposable place) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            using (place)
            {
                await streams.RunAsync(job, after, httpContext);
            }
        }
    }
}
