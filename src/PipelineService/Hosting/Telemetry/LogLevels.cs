using Microsoft.Extensions.Options;
using Serilog.Events;

namespace PipelineService.Hosting.Telemetry;

/// <summary>
/// The levels of the section <c>Serilog</c>, which Serilog itself refuses with an exception that names no setting.
/// </summary>
internal sealed class LogLevels(IConfiguration configuration) : IValidateOptions<HostingOptions>
{
    public ValidateOptionsResult Validate(string? name, HostingOptions options)
    {
        string[] faults = [.. Faults(configuration)];
        return faults.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }

    public static IEnumerable<string> Faults(IConfiguration configuration)
    {
        IConfigurationSection levels = configuration.GetSection("Serilog:MinimumLevel");
        return from setting in levels.GetSection("Override").GetChildren().Prepend(levels.GetSection("Default")).Prepend(levels)
               where setting.Value is { } level
                   && !Enum.GetNames<LogEventLevel>().Contains(level, StringComparer.OrdinalIgnoreCase)
               select $"{setting.Path} = {setting.Value}: must be one of {string.Join(", ", Enum.GetNames<LogEventLevel>())}."
                   + Suggestion.For(setting.Value!, Enum.GetNames<LogEventLevel>());
    }
}
