using System.Text.RegularExpressions;

namespace PipelineService.Access;

/// <summary>The names that tenants can have.</summary>
internal static partial class TenantName
{
    public const string Pattern = "^[a-z0-9][a-z0-9._-]{0,62}$";

    public static bool IsValid(string name) => Syntax().IsMatch(name);

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9._-]{0,62}\z")]
    private static partial Regex Syntax();
}
