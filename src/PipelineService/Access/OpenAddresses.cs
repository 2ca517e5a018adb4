using Microsoft.Extensions.Options;
using PipelineService.Hosting;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.Startup;

namespace PipelineService.Access;

/// <summary>
/// Without keys anybody who reaches the service may do anything, so it listens on loopback; on another address only where every
/// call takes a credential, or where it was said that this is meant: <c>Access:AllowAnonymous=true</c>, as in a container behind
/// something that checks.
/// </summary>
internal sealed class OpenAddresses(IConfiguration configuration) : IValidateOptions<HostingOptions>
{
    public ValidateOptionsResult Validate(string? name, HostingOptions options)
    {
        AccessOptions access = StageOptions.Read<AccessOptions>(configuration, AccessOptions.Section);
        string[] open = [.. ListenAddresses.Configured(configuration).Where(address => !ListenAddresses.IsLoopback(address))];
        return open.Length == 0 || access.AllowAnonymous || access.AlwaysTakesCredentials
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(
                $"Listening on {string.Join(", ", open)} without keys would let everybody in. Listen on {ListenAddresses.Default}; or set "
                + "Access:AdminKey, or Access:RequireKeys=true where there are keys in the database; or, if something in front of the "
                + "service checks who comes, set Access:AllowAnonymous=true.");
    }
}
