namespace PipelineService.Core.Rules;

/// <summary>How a text is written in the data, which decides what must be undone to show it.</summary>
public enum ValueSpelling : byte
{
    /// <summary>As it is.</summary>
    Plain,

    /// <summary>As the content of a quoted CSV field in which quotes are doubled.</summary>
    CsvDoubled,

    /// <summary>As the content of a JSON string with escapes.</summary>
    JsonEscaped,
}
