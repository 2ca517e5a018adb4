using Microsoft.Extensions.Options;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Hosting.Startup;

/// <summary>
/// Which database is used is never a matter of chance: a private server, which nobody backs up, is started where it was asked
/// for, and not where the connection string was forgotten or misspelt.
/// </summary>
internal sealed class DatabaseChoice(IConfiguration configuration, IHostEnvironment environment)
    : IValidateOptions<HostingOptions>
{
    public ValidateOptionsResult Validate(string? name, HostingOptions options)
    {
        var database = DatabaseAddress.Of(configuration);
        if (database.Fault is { } fault)
        {
            return ValidateOptionsResult.Fail(fault);
        }

        return !database.IsPrivate || options.PrivateServer || environment.IsDevelopment()
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(
                $"{DatabaseAddress.Setting}: no database is configured. {DatabaseAddress.Forms} A private server, with its data "
                + "below Hosting:DataDirectory, is started with --environment Development, --demo or Hosting:PrivateServer=true.");
    }
}
