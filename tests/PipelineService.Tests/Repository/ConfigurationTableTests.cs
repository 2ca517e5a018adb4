using System.Globalization;
using System.Reflection;

namespace PipelineService.Tests.Repository;

/// <summary>The README's table of settings and the options classes say the same.</summary>
public sealed class ConfigurationTableTests
{
    private const string None = "none";

    /// <summary>Read from the configuration without an options class of their own.</summary>
    private static readonly (string, string)[] Others = [("ConnectionStrings:Pipeline", None)];

    [Fact]
    public void Names_every_setting_with_its_default_and_no_other()
    {
        IEnumerable<(string, string)> shown =
            from row in MarkdownText.Rows(MarkdownText.Section(RepositoryFiles.Read("README.md"), "Configuration"))
            select (MarkdownText.Code(row[0])!, MarkdownText.Code(row[1]) ?? row[1]);

        IEnumerable<(string, string)> actual =
            from options in OptionsTypes()
            from property in options.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            where property.CanWrite
            select ($"{StageOf(options)}:{property.Name}", Text(property.GetValue(Activator.CreateInstance(options))));

        Assert.Equal(Others.Concat(actual).Order(), shown.Order());
    }

    [Fact]
    public void Every_row_says_what_for() => Assert.All(
        MarkdownText.Rows(MarkdownText.Section(RepositoryFiles.Read("README.md"), "Configuration")),
        row =>
        {
            Assert.Equal(4, row.Length);
            Assert.NotEmpty(row[3]);
        });

    /// <summary>One options class for a stage, named after it.</summary>
    private static IEnumerable<Type> OptionsTypes() =>
        typeof(PipelineServiceBuilder).Assembly.GetTypes().Where(type => type.Name == StageOf(type) + "Options");

    private static string? StageOf(Type type) => type.Namespace?.Split('.')[^1];

    private static string Text(object? value) => value switch
    {
        null or System.Collections.ICollection { Count: 0 } => None,
        bool isOn => isOn ? "true" : "false",
        TimeSpan { Milliseconds: not 0 } time => time.ToString("c", CultureInfo.InvariantCulture).TrimEnd('0'),
        string path => path.Replace(Path.DirectorySeparatorChar, '/'),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };
}
