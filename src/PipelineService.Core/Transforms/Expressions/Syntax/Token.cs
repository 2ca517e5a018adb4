namespace PipelineService.Core.Transforms.Expressions.Syntax;

internal enum TokenKind
{
    End,

    /// <summary>A name or a word of the language, in lower case.</summary>
    Name,

    /// <summary>A name in double quotes, as it is.</summary>
    QuotedName,

    /// <summary>A text in single quotes.</summary>
    Text,

    Number,

    /// <summary>An operator, a bracket or a comma.</summary>
    Mark,
}

/// <param name="Kind">What it is.</param>
/// <param name="Start">0-based.</param>
/// <param name="Text">What it means: without quotes.</param>
/// <param name="End">Behind it.</param>
internal readonly record struct Token(TokenKind Kind, int Start, string Text, int End)
{
    public bool IsWord(string word) => Kind == TokenKind.Name && Text == word;

    public bool IsMark(string mark) => Kind == TokenKind.Mark && Text == mark;
}
