using System.Collections.Frozen;
using System.Collections.Immutable;

namespace PipelineService.Core.Datasets;

/// <summary>How characters are written as bytes.</summary>
public enum EncodingKind
{
    Utf8,

    /// <summary>Two bytes a unit, the lower one first.</summary>
    Utf16Little,

    /// <summary>Two bytes a unit, the higher one first.</summary>
    Utf16Big,

    /// <summary>Two bytes a unit, in the order that a byte order mark says.</summary>
    Utf16Marked,

    /// <summary>A byte a character.</summary>
    Single,

    /// <summary>A byte or two a character.</summary>
    Pairs,

    /// <summary>GB18030: one, two or four bytes a character.</summary>
    Gb18030,
}

/// <summary>
/// An encoding of text that uploads may have. The names are those of https://www.iana.org/assignments/character-sets; which tables they
/// stand for is what https://encoding.spec.whatwg.org/#names-and-labels says, as far as that knows them.
/// </summary>
public sealed class TextEncoding
{
    private TextEncoding(string name, EncodingKind kind, int codePage, ImmutableArray<string> aliases) =>
        (Name, Kind, CodePage, Aliases) = (name, kind, codePage, aliases);

    /// <summary>In lower case.</summary>
    public string Name { get; }

    public EncodingKind Kind { get; }

    /// <summary>The framework's number of its table; 0 where it needs none.</summary>
    public int CodePage { get; }

    /// <summary>Other names of it, in lower case.</summary>
    public ImmutableArray<string> Aliases { get; }

    public bool IsUtf8 => Kind == EncodingKind.Utf8;

    public bool IsUtf16 => Kind is EncodingKind.Utf16Little or EncodingKind.Utf16Big or EncodingKind.Utf16Marked;

    /// <summary>Whether it has every character there is.</summary>
    public bool IsUnicode => IsUtf8 || IsUtf16;

    public static TextEncoding Utf8 { get; } = new("utf-8", EncodingKind.Utf8, 0, ["utf8", "utf-8-sig", "utf-8-bom", "ascii", "us-ascii"]);

    public static TextEncoding Utf16 { get; } = new("utf-16", EncodingKind.Utf16Marked, 0, ["utf16", "ucs-2", "unicode"]);

    /// <summary>All of them, UTF-8 first.</summary>
    public static ImmutableArray<TextEncoding> All { get; } =
    [
        Utf8,
        Utf16,
        new("utf-16le", EncodingKind.Utf16Little, 0, ["utf16le", "utf-16-le", "ucs-2le"]),
        new("utf-16be", EncodingKind.Utf16Big, 0, ["utf16be", "utf-16-be", "ucs-2be"]),
        Single("windows-1250", 1250, "cp1250"),
        Single("windows-1251", 1251, "cp1251"),
        Single("windows-1252", 1252, "cp1252", "ansi"),
        Single("windows-1253", 1253, "cp1253"),
        Single("windows-1254", 1254, "cp1254"),
        Single("windows-1255", 1255, "cp1255"),
        Single("windows-1256", 1256, "cp1256"),
        Single("windows-1257", 1257, "cp1257"),
        Single("windows-1258", 1258, "cp1258"),
        Single("windows-874", 874, "cp874", "tis-620", "iso-8859-11"),
        Single("iso-8859-1", 28591, "latin1", "latin-1", "l1", "iso8859-1", "iso_8859-1", "cp819"),
        Single("iso-8859-2", 28592, "latin2", "latin-2", "l2", "iso8859-2", "iso_8859-2"),
        Single("iso-8859-3", 28593, "latin3", "latin-3", "l3", "iso8859-3", "iso_8859-3"),
        Single("iso-8859-4", 28594, "latin4", "latin-4", "l4", "iso8859-4", "iso_8859-4"),
        Single("iso-8859-5", 28595, "cyrillic", "iso8859-5", "iso_8859-5"),
        Single("iso-8859-6", 28596, "arabic", "iso8859-6", "iso_8859-6"),
        Single("iso-8859-7", 28597, "greek", "iso8859-7", "iso_8859-7"),
        Single("iso-8859-8", 28598, "hebrew", "iso8859-8", "iso_8859-8", "iso-8859-8-i"),
        Single("iso-8859-9", 28599, "latin5", "latin-5", "l5", "iso8859-9", "iso_8859-9"),
        Single("iso-8859-13", 28603, "latin7", "latin-7", "iso8859-13", "iso_8859-13"),
        Single("iso-8859-15", 28605, "latin9", "latin-9", "l9", "iso8859-15", "iso_8859-15"),
        Single("koi8-r", 20866, "koi8"),
        Single("koi8-u", 21866),
        Single("macintosh", 10000, "mac-roman", "macroman", "x-mac-roman"),
        Single("ibm437", 437, "cp437"),
        Single("ibm737", 737, "cp737"),
        Single("ibm775", 775, "cp775"),
        Single("ibm850", 850, "cp850"),
        Single("ibm852", 852, "cp852"),
        Single("ibm855", 855, "cp855"),
        Single("ibm857", 857, "cp857"),
        Single("ibm00858", 858, "ibm858", "cp858", "cp00858"),
        Single("ibm860", 860, "cp860"),
        Single("ibm861", 861, "cp861"),
        Single("ibm862", 862, "cp862", "dos-862"),
        Single("ibm863", 863, "cp863"),
        Single("ibm865", 865, "cp865"),
        Single("ibm866", 866, "cp866"),
        Single("ibm869", 869, "cp869"),
        Pairs("shift_jis", 932, "shift-jis", "sjis", "ms932", "cp932", "windows-31j", "ms_kanji"),
        Pairs("euc-jp", 51932, "eucjp"),
        Pairs("gbk", 936, "gb2312", "cp936", "ms936", "gb_2312-80", "chinese"),
        new("gb18030", EncodingKind.Gb18030, 54936, ["gb-18030"]),
        Pairs("big5", 950, "cp950", "big5-hkscs", "ms950"),
        Pairs("euc-kr", 949, "euckr", "cp949", "ks_c_5601-1987", "windows-949", "uhc", "korean"),
    ];

    private static readonly FrozenDictionary<string, TextEncoding> ByName =
        All.SelectMany(encoding => encoding.Aliases.Append(encoding.Name).Select(name => (name, encoding)))
            .ToFrozenDictionary(pair => pair.name, pair => pair.encoding, StringComparer.OrdinalIgnoreCase);

    /// <summary>The encoding of a name, in any case; null when it is none that is known here.</summary>
    public static TextEncoding? Find(string name) => ByName.GetValueOrDefault(name.Trim());

    /// <summary>The names, for people.</summary>
    public static string Names { get; } = string.Join(", ", All.Select(encoding => encoding.Name));

    public override string ToString() => Name;

    private static TextEncoding Single(string name, int codePage, params ImmutableArray<string> aliases) =>
        new(name, EncodingKind.Single, codePage, aliases);

    private static TextEncoding Pairs(string name, int codePage, params ImmutableArray<string> aliases) =>
        new(name, EncodingKind.Pairs, codePage, aliases);
}
