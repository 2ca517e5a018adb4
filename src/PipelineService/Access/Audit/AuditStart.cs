using System.Reflection;
using Npgsql;
using PipelineService.Hosting;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Access.Audit;

/// <summary>
/// Writes the entry of a start: settings change with nothing else. It is told which version runs, and what is set of what decides who may
/// come and how long things are kept; nothing of it is a secret.
/// </summary>
public sealed class AuditStart(Instance instance, IConfiguration configuration, TimeProvider time)
{
    private static readonly string[] Told =
    [
        "Access:AllowAnonymous", "Events:AllowHttp", "Events:AllowPrivateAddresses", "Events:Keep", "Jobs:Keep", "Jobs:KeysKeep",
        "Spool:DamagedRetention", "Transform:RawBytesMax",
    ];

    private AuditEntry? _entry;

    /// <summary>Before anything else is done with the database; repeated after a fault it changes nothing.</summary>
    public async Task WriteAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        _entry ??= AuditEntry.Of(
            AuditActor.Service, AuditActions.ServiceStart, time.GetDatabaseNow(), $"instance/{instance.Id}", dataset: null,
            [
                ("host", Environment.MachineName),
                ("version", typeof(AuditStart).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion),
                .. Told.Select(setting => (setting, (object?)configuration[setting])),
            ]);
        await AuditWriter.WriteAsync(connection, [_entry], cancellationToken);
    }
}
