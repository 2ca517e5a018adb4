using Microsoft.Extensions.Configuration.Json;
using Microsoft.Extensions.Options;

namespace PipelineService.Hosting.Startup;

/// <summary>
/// Sections that nobody reads, because their name is misspelt: what they set would be silently lost. In a file every unknown
/// section is one. The environment is full of other programs' variables, so there it takes a name that is nearly ours.
/// </summary>
internal sealed class MisspeltSections(IConfiguration configuration) : IValidateOptions<HostingOptions>
{
    private static readonly string[] Known = [.. SettingNames.Sections, .. SettingNames.OfHost];

    public ValidateOptionsResult Validate(string? name, HostingOptions options)
    {
        string[] faults =
        [
            .. Unknown().Select(key => $"{key}: there is no such section.{Suggestion.For(key, Known)}"),
            .. NearlyOurs(configuration.GetSection("ConnectionStrings"), ["Pipeline"])
                .Select(child => $"{child.Path}: there is no such setting.{Suggestion.For(child.Key, ["Pipeline"])}"),
        ];
        return faults.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }

    private IEnumerable<string> Unknown() =>
        NearlyOurs(configuration, Known)
            .Where(section => section.GetChildren().Any())
            .Select(section => section.Key)
            .Concat(InFiles())
            .Distinct(StringComparer.OrdinalIgnoreCase);

    private IEnumerable<string> InFiles() =>
        from file in (configuration as IConfigurationRoot)?.Providers.OfType<JsonConfigurationProvider>() ?? []
        from key in file.GetChildKeys([], parentPath: null)
        where key[0] != '$' && !Known.Contains(key, StringComparer.OrdinalIgnoreCase)
        select key;

    private static IEnumerable<IConfigurationSection> NearlyOurs(IConfiguration parent, string[] ours) =>
        parent.GetChildren().Where(child =>
            !ours.Contains(child.Key, StringComparer.OrdinalIgnoreCase) && Suggestion.For(child.Key, ours).Length > 0);
}
