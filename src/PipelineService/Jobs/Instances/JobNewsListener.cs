using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Options;
using Npgsql;
using PipelineService.Access.Keys;
using PipelineService.Hosting;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Telemetry;
using PipelineService.Jobs.Requests;

namespace PipelineService.Jobs.Instances;

/// <summary>
/// Hears from other instances which jobs have changed there (<see cref="JobNews"/>), and that keys have, over one connection, as
/// long as there are others. While that is broken, or where a proxy lets nothing through, <see cref="JobWatch"/> looks by itself.
/// </summary>
public sealed partial class JobNewsListener(
    Database database, InstanceLeases leases, Instance instance, JobWatch watch, KeyNews keys, IOptions<JobsOptions> options, TimeProvider time,
    ILogger<JobNewsListener> logger) : BackgroundService
{
    private static readonly TimeSpan ListenAgainAfter = TimeSpan.FromSeconds(1);

    [SuppressMessage("Design", "CA1031", Justification = "Whatever ends it, it is begun again: nobody else would.")]
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using IDisposable untraced = PipelineTracing.Untraced(); // it is nobody's wait
        while (!stoppingToken.IsCancellationRequested)
        {
            Task change = leases.OthersChange;
            try
            {
                await (leases.HasOthers ? ListenAsync(change, stoppingToken) : change.WaitAsync(stoppingToken));
            }
            catch (Exception) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                Log.Deaf(logger, e.Message);
                await database.ReportFaultAsync(e);
                await Task.WhenAny(Task.Delay(ListenAgainAfter, time, stoppingToken));
            }
        }
    }

    /// <param name="alone">Completes when there are no others any more.</param>
    private async Task ListenAsync(Task alone, CancellationToken stoppingToken)
    {
        await using NpgsqlConnection connection = await database.OpenSessionAsync(stoppingToken);
        connection.Notification += (_, told) => Hear(told.Channel, told.Payload);
        await ListenAsync(connection, KeyNews.Channel, stoppingToken);
        await ListenAsync(connection, NewsText.Channel, stoppingToken);

        keys.Hear();
        watch.LookNow(); // nobody was told here of what has changed before
        while (!alone.IsCompleted)
        {
            using CancellationShield shield = new(stoppingToken);
            if (!await connection.WaitAsync(options.Value.LeaseTime, shield.Token))
            {
                // One that a firewall has forgotten is silent for ever. Saying it again changes nothing, and shows what the session is for.
                await ListenAsync(connection, NewsText.Channel, shield.Token);
            }
        }
    }

    private static async Task ListenAsync(NpgsqlConnection connection, string channel, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand listen = new($"LISTEN {channel}", connection);
        await listen.ExecuteNonQueryAsync(cancellationToken);
    }

    private void Hear(string channel, string text)
    {
        if (channel == KeyNews.Channel)
        {
            keys.Hear();
        }
        else if (NewsText.TryRead(text, out Guid sender, out Guid[]? jobs) && sender != instance.Id)
        {
            watch.Hear(jobs);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Debug, Message = "What other instances tell of their jobs is not heard: {Reason}")]
        public static partial void Deaf(ILogger logger, string reason);
    }
}
