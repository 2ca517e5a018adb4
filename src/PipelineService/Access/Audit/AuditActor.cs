using System.Net;

namespace PipelineService.Access.Audit;

/// <summary>Who does something that the audit tells of.</summary>
/// <param name="Name">Who it is, as far as that is known.</param>
/// <param name="Address">The address that the request came from; null where there was none.</param>
public sealed record AuditActor(string Name, string? Address)
{
    /// <summary>What the service does by itself, because it was told so by its settings or by a definition.</summary>
    public static AuditActor Service { get; } = new("service", Address: null);

    /// <summary>Of an upload that an older version took, which did not write down whose it was.</summary>
    public static AuditActor Unknown { get; } = new("unknown", Address: null);

    /// <summary>Whoever makes keys with the program itself, on a machine that has the database's password.</summary>
    public static AuditActor CommandLine { get; } = new("command line", Address: null);

    /// <summary>
    /// Whoever sent the request: <c>key/{id}</c>, which stays when the key is rotated, <c>token/{subject}</c> or <c>admin</c>. Without a
    /// credential, or with one that lets nobody in: <c>loopback</c> for those on this machine, <c>anonymous</c> for all others.
    /// </summary>
    public static AuditActor Of(HttpContext context)
    {
        IPAddress? address = context.Connection.RemoteIpAddress is { IsIPv4MappedToIPv6: true } mapped
            ? mapped.MapToIPv4()
            : context.Connection.RemoteIpAddress;
        return new AuditActor(NameOf(context.Features.Get<Caller>(), address), TextOf(address));
    }

    private static string NameOf(Caller? caller, IPAddress? address) => caller?.Kind switch
    {
        CallerKind.Key => $"key/{caller.KeyId}",
        CallerKind.Token => $"token/{caller.Actor}",
        CallerKind.AdminKey => caller.Actor,
        _ => address is not null && IPAddress.IsLoopback(address) ? "loopback" : "anonymous",
    };

    /// <summary>Without the zone of a link-local address, which PostgreSQL does not know.</summary>
    private static string? TextOf(IPAddress? address) => address?.ToString().Split('%')[0];
}
