using System.Globalization;
using System.Text;
using System.Threading.Channels;
using PipelineService.Datasets.Views;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Telemetry;

namespace PipelineService.Events.Views;

/// <summary>
/// Looks once a second what has changed of the views that somebody follows, and tells the groups as they are then. While nobody follows any,
/// it does nothing.
/// </summary>
internal sealed partial class ViewFeed(StoredViews views, TimeProvider time, ILogger<ViewFeed> logger) : BackgroundService
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Groups of a look; with more, whoever follows reads the view anew.</summary>
    public const int GroupsMax = 1_000;

    /// <summary>Parts are put together a minute after their job's end at the earliest: a look must not be longer ago than that.</summary>
    private static readonly TimeSpan LookAgeMax = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly Dictionary<long, ViewChannel> _channels = [];
    private readonly Channel<bool> _followed =
        Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Follows a view. Leave it at the end.</summary>
    public ViewChannel Enter(StoredView view)
    {
        lock (_lock)
        {
            if (!_channels.TryGetValue(view.Id, out ViewChannel? channel))
            {
                _channels[view.Id] = channel = new ViewChannel(view);
            }

            channel.Followers++;
            _followed.Writer.TryWrite(true);
            return channel;
        }
    }

    public void Leave(ViewChannel channel)
    {
        lock (_lock)
        {
            if (--channel.Followers == 0)
            {
                _channels.Remove(channel.View.Id);
            }
        }
    }

    /// <summary>Whoever gets it reads the view anew: what changes from now on is told.</summary>
    /// <param name="reason"><c>begin</c>, <c>behind</c>, <c>many</c> or <c>gone</c>.</param>
    public static byte[] Reset(string reason) =>
        EventFrames.Of("reset", Encoding.UTF8.GetBytes($$"""{"reason":"{{reason}}"}"""), position: null);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using IDisposable untraced = PipelineTracing.Untraced();
        try
        {
            while (await _followed.Reader.WaitToReadAsync(stoppingToken))
            {
                _followed.Reader.TryRead(out _); // before looking who follows
                ViewChannel[] channels = Followed();
                foreach (ViewChannel channel in channels)
                {
                    await LookOrTellAsync(channel, stoppingToken);
                }

                if (channels.Length > 0)
                {
                    _followed.Writer.TryWrite(true);
                }

                await Task.Delay(Interval, time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The streams end by themselves.
        }
    }

    private ViewChannel[] Followed()
    {
        lock (_lock)
        {
            return [.. _channels.Values];
        }
    }

    private async Task LookOrTellAsync(ViewChannel channel, CancellationToken cancellationToken)
    {
        try
        {
            await LookAsync(channel, cancellationToken);
        }
        catch (DatabaseUnavailableException)
        {
            // The next look tells what has changed until then.
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            Log.NotLooked(logger, e, channel.View.View.Name);
        }
    }

    /// <summary>One look.</summary>
    internal async Task LookAsync(ViewChannel channel, CancellationToken cancellationToken)
    {
        if (channel.IsGone)
        {
            return;
        }

        bool isKnown = channel.Snapshot is not null && time.GetElapsedTime(channel.LookedAt) < LookAgeMax;
        long at = time.GetTimestamp();
        ViewChange change = await views.LookAsync(
            channel.View, channel.Dataset, isKnown ? channel.Snapshot : null, GroupsMax, cancellationToken);
        bool isFirst = channel.Snapshot is null;
        (channel.Snapshot, channel.LookedAt) = (change.Snapshot, at);
        if (change.IsReset)
        {
            channel.Add(Reset(change.IsGone ? "gone" : isFirst ? "begin" : "many"), change.IsGone);
        }
        else if (change.Groups.Count > 0)
        {
            channel.Add(FrameOf(change));
        }
    }

    private byte[] FrameOf(ViewChange change)
    {
        StringBuilder json = new("{\"at\":\"");
        json.Append(time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture)).Append("\",\"groups\":[");
        json.AppendJoin(',', change.Groups.Where(group => group.HasRows).Select(group => group.Json)).Append("],\"gone\":[");
        json.AppendJoin(',', change.Groups.Where(group => !group.HasRows).Select(group => group.Json)).Append("]}");
        return EventFrames.Of("groups", Encoding.UTF8.GetBytes(json.ToString()), position: null);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "What has changed of view {View} could not be told; it is tried again.")]
        public static partial void NotLooked(ILogger logger, Exception exception, string view);
    }
}
