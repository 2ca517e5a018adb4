using System.Reflection;
using System.Text.RegularExpressions;
using PipelineService.Core.Parsing;
using PipelineService.Datasets;

namespace PipelineService.Tests.Repository;

/// <summary>
/// No text that anybody sends makes a regular expression slow: each is run by the engine whose time is linear, or is named here
/// with what keeps it quick.
/// </summary>
public sealed class RegularExpressionTests
{
    /// <summary>The class, and why it may go back: there is one way to read each text, and no more than its length to go back by.</summary>
    private static readonly Dictionary<string, string> Named = new()
    {
        ["DatasetName"] = "One class of characters, 63 of them.",
        ["DatasetPatterns"] = "One class of characters, 63 of them.",
        ["TenantName"] = "One class of characters, 63 of them.",
        ["ExpressionOps"] = "One class of characters, 63 of them.",
        ["EnrichOptionsValidator"] = "One class of characters, 63 of them; the operator's settings.",
        ["ServiceOptionsValidator"] = "One class of characters, of the operator's settings.",
        ["ServiceAddress"] = "One class of characters between braces, of the operator's settings.",
        ["WebhookBody"] = "One class of characters, 63 of them.",
        ["SourceBody"] = "One class of characters, 63 of them.",
        ["PrivacyOps"] = "One class of characters, 128 of them, of which a look ahead passes each once.",
        ["DurationText"] = "Each part ends with a letter of its own, in one order.",
        ["PreferHeader"] = "Nothing has to follow, so that it never goes back; a header has 32 KiB.",
        ["ErrorAnswers"] = "What the framework says of a parameter, with one value that is not repeated.",
        ["PostgresBinaries"] = "What a program of PostgreSQL says of itself.",
        ["PostgresUri"] = "The operator's connection string.",
        ["Migration"] = "Names of our own files.",
        ["SpoolPlace"] = "One class of characters, once, of the operator's settings.",
    };

    [Fact]
    public void Every_one_is_linear_or_is_named_with_its_reason()
    {
        Type[] types = [.. new[] { typeof(DatasetName), typeof(ParsingLimits) }.SelectMany(type => type.Assembly.GetTypes())];
        const BindingFlags Any = BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        (string Class, RegexOptions Options)[] all =
        [
            .. from type in types
               from method in type.GetMethods(Any)
               let made = method.GetCustomAttribute<GeneratedRegexAttribute>()
               where made is not null
               select (type.Name, made.Options),
            .. from type in types
               where !type.ContainsGenericParameters && type.Namespace?.StartsWith(nameof(PipelineService), StringComparison.Ordinal) == true
               from field in type.GetFields(Any)
               where field.FieldType == typeof(Regex)
               select (type.Name, ((Regex)field.GetValue(null)!).Options),
        ];

        string[] backtracking = [
            .. all.Where(regex => !regex.Options.HasFlag(RegexOptions.NonBacktracking)).Select(regex => regex.Class).Distinct().Order()];
        Assert.Equal(Named.Keys.Order(), backtracking);
        Assert.Contains(all, regex => regex.Options.HasFlag(RegexOptions.NonBacktracking));
    }
}
