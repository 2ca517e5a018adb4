namespace PipelineService.Core.Rules;

/// <summary>How a text is written, which decides what must be undone to show it.</summary>
public enum ValueSpelling : byte
{
    /// <summary>As it is.</summary>
    Plain,

    /// <summary>As the content of a quoted CSV field in which quotes are doubled.</summary>
    CsvDoubled,

    /// <summary>As the content of a JSON string with escapes.</summary>
    JsonEscaped,

    /// <summary>Not in the data, but made of it by a step, as it is: an error tells what was sent instead.</summary>
    Made,
}
