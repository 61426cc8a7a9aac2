"""Tables of the first bytes of files that cannot be read as images, with a name and a hint for each kind."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A kind of file that is refused: its name with an article, and the next step."""

    name: str
    hint: str = ""


Table = tuple[tuple[int, bytes, Kind], ...]

AS_PNG = "save it as PNG or JPEG"
ARCHIVE = "unpack it, and give the pictures in it"
ARRAYS = "write its arrays as PNG files, for example with xarray and Pillow"
LEADS_TO = "give the file that it leads to"
NO_PICTURE = "leave it out: it holds no picture"
VIDEO = Kind("a video", "save single frames of it as pictures: `ffmpeg -i FILE -vf fps=1 frame%04d.jpg`")
SOUND = Kind("a sound", "`bearkit import FOLDER` turns sounds into pictures, a folder for each label")
WINDOWS_MEDIA = Kind("a video or sound of Windows Media", VIDEO.hint)
RAW = Kind("a camera's raw file; export it as JPEG", "open it in the camera's program or a raw developer and export it")
HEIF = Kind("an HEIC photo; save it as JPEG", "or install its decoder: `pip install pillow-heif`")
EPS = Kind("an EPS drawing; save it as PNG", AS_PNG)
THUMBNAILS = Kind("Windows' store of small previews, not a picture", "leave it out, and give the pictures themselves")
NIFTI = Kind("a NIfTI volume", "write its slices as PNG files, for example with nibabel")
NETCDF = Kind("a NetCDF file", ARRAYS)
JPEG_XL = Kind("a JPEG XL picture; save it as PNG or JPEG", "`djxl FILE picture.png`")
RADIANCE = Kind("a Radiance HDR picture; save it as PNG or TIFF", AS_PNG)
PROGRAM = Kind("a program", NO_PICTURE)
FONT = Kind("a font", NO_PICTURE)
PICKLE = Kind("a Python pickle", "write its arrays as pictures: `Image.fromarray(array).save('x.png')`")
PFM = Kind("a PFM picture in colour; save it as PNG or TIFF", AS_PNG)
ACCESS = Kind("an Access database", NO_PICTURE)

# Rows (offset, bytes, kind). No image that can be read has these bytes there.
SURE: Table = (
    (0, b"\x1aE\xdf\xa3", VIDEO),  # Matroska, WebM
    (0, b"\0\0\1\xba", VIDEO),  # MPEG
    (0, b"\0\0\1\xb3", VIDEO),
    (0, b"FLV\1", VIDEO),
    (0, b".RMF", Kind("a RealMedia video or sound", VIDEO.hint)),
    (0, b"0&\xb2u\x8ef\xcf\x11", WINDOWS_MEDIA),  # ASF: WMV and WMA alike
    (0, b"OggS", Kind("an Ogg file: a sound or a video", SOUND.hint)),
    (0, b"ID3", SOUND),
    (0, b"fLaC", SOUND),
    (0, b"MThd", SOUND),
    (0, b"#!AMR", SOUND),
    (0, b"caff\0\1", SOUND),
    (0, b"wvpk", SOUND),
    (0, b".snd", SOUND),
    (0, b"MAC ", SOUND),  # Monkey's Audio
    (0, b"DSD ", SOUND),
    (8, b"AIFF", SOUND),
    (8, b"AIFC", SOUND),
    (0, b"FORM", Kind("an IFF file: a sound or an old picture", AS_PNG)),
    (0, b"IIRO", RAW),  # Olympus
    (0, b"IIRS", RAW),
    (0, b"MMOR", RAW),
    (0, b"IIU\0", RAW),  # Panasonic, Leica
    (0, b"FUJIFILMCCD-RAW", RAW),
    (0, b"FOVb", RAW),  # Sigma
    (0, b"\0MRM", RAW),  # Minolta
    (6, b"HEAPCCDR", RAW),  # Canon's CRW
    (0, b"8BPS", Kind("a Photoshop file; save it as PNG or JPEG", AS_PNG)),
    (0, b"gimp xcf", Kind("a GIMP file; export it as PNG or JPEG", AS_PNG)),
    (0, b"PDN3", Kind("a Paint.NET file; save it as PNG or JPEG", AS_PNG)),
    (0, b"Paint Shop Pro Image File", Kind("a PaintShop Pro file; save it as PNG or JPEG", AS_PNG)),
    (0, b"CSFCHUNK", Kind("a Clip Studio file; export it as PNG or JPEG", AS_PNG)),
    (0, b"\0\xffKA", Kind("an Affinity file; export it as PNG or JPEG", AS_PNG)),
    (0, b"\x06\x06\xed\xf5\xd8\x1dF\xe5\xbd1\xef\xe7\xfet\xb7\x1d", Kind("an InDesign file; export it as PNG", AS_PNG)),
    (0, b"\xc5\xd0\xd3\xc6", EPS),  # with a preview for DOS
    (0, b"BLENDER", Kind("a Blender file; render it as PNG", AS_PNG)),
    (0, b"AC10", Kind("an AutoCAD drawing; export it as PNG", AS_PNG)),
    (0, b"CDF\1", NETCDF),
    (0, b"CDF\2", NETCDF),
    (0, b"CDF\5", NETCDF),
    (0, b"\x89HDF\r\n\x1a\n", Kind("an HDF5 or NetCDF file", "write its arrays as PNG files, for example with h5py")),
    (0, b"\x0e\x03\x13\x01", Kind("an HDF4 file", ARRAYS)),
    (0, b"GRIB", Kind("a GRIB file", ARRAYS)),
    (0, b"MATLAB 5.0 MAT-file", Kind("a MATLAB file", "write its arrays as PNG files, for example with SciPy")),
    (0, b"SIMPLE  =", Kind("a FITS file", "write its arrays as PNG or TIFF files, for example with astropy")),
    (0, b"ZISRAWFILE", Kind("a microscope's CZI file; export it as TIFF", "for example with Fiji or ZEISS ZEN")),
    (344, b"n+1\0", NIFTI),
    (344, b"ni1\0", NIFTI),
    (0, b"\xff\x0a", JPEG_XL),
    (0, b"\0\0\0\x0cJXL \r\n\x87\n", JPEG_XL),
    (0, b"II\xbc\1", Kind("a JPEG XR picture; save it as PNG or JPEG", AS_PNG)),
    (0, b"v/1\1", Kind("an OpenEXR picture; save it as PNG or TIFF", AS_PNG)),
    (0, b"#?RADIANCE", RADIANCE),
    (0, b"#?RGBE", RADIANCE),
    (0, b"DDS ", Kind("a DDS texture; save it as PNG", AS_PNG)),
    (0, b"qoif", Kind("a QOI picture; save it as PNG", AS_PNG)),
    (0, b"BPG\xfb", Kind("a BPG picture; save it as PNG", AS_PNG)),
    (0, b"FLIF", Kind("a FLIF picture; save it as PNG", AS_PNG)),
    (0, b"\x8aMNG", Kind("an MNG animation; save it as PNG", AS_PNG)),
    (0, b"\x8bJNG", Kind("a JNG picture; save it as PNG", AS_PNG)),
    (0, b"P7\n", Kind("a PAM picture; save it as PNG", AS_PNG)),
    (0, b"PF\n", PFM),
    (0, b"PF\r", PFM),
    (0, b"PF ", PFM),
    (0, b"\x59\xa6\x6a\x95", Kind("a Sun raster picture; save it as PNG", AS_PNG)),
    (0, b"icns", Kind("a Mac icon; save it as PNG", AS_PNG)),
    (0, b"AT&TFORM", Kind("a DjVu document; save its pages as PNG", AS_PNG)),
    (0, b"\xd7\xcd\xc6\x9a", Kind("a Windows metafile; save it as PNG", AS_PNG)),
    (40, b" EMF", Kind("a Windows metafile; save it as PNG", AS_PNG)),
    (0, b"\x93NUMPY", Kind("a NumPy array", PICKLE.hint)),
    (0, b"PK\5\6", Kind("a zip file with nothing in it", NO_PICTURE)),
    (0, b"PK\7\x08PK", Kind("a part of a zip file", ARCHIVE)),
    (0, b"\x1f\x8b", Kind("a gzip file", ARCHIVE)),
    (0, b"BZh", Kind("a bzip2 file", ARCHIVE)),
    (0, b"\xfd7zXZ\0", Kind("an xz file", ARCHIVE)),
    (0, b"(\xb5/\xfd", Kind("a Zstandard file", ARCHIVE)),
    (0, b"Rar!", Kind("a RAR archive", ARCHIVE)),
    (0, b"7z\xbc\xaf'\x1c", Kind("a 7z archive", ARCHIVE)),
    (0, b"MSCF", Kind("a Windows cabinet (an archive)", ARCHIVE)),
    (0, b"Cr24", Kind("an extension of Chrome", NO_PICTURE)),
    (0, b"PAR1", Kind("a Parquet table", "`bearkit import hf://OWNER/NAME` reads data sets of the Hub")),
    (0, b"ARROW1", Kind("an Arrow table", "write its pictures as files")),
    (0, b"SQLite format 3\0", Kind("an SQLite database", NO_PICTURE)),
    (4, b"Standard Jet DB", ACCESS),
    (4, b"Standard ACE DB", ACCESS),
    (0, b"CMMM", THUMBNAILS),  # thumbcache_*.db
    (0, b"IMMM", THUMBNAILS),
    (
        0,
        b"L\0\0\0\1\x14\2\0\0\0\0\0\xc0",
        Kind("a shortcut of Windows, not the file", LEADS_TO),
    ),
    (0, b"book\0\0\0\0mark", Kind("an alias of a Mac, not the file", LEADS_TO)),
    (4, b"Bud1", Kind("a Mac's note of how a folder is shown (.DS_Store)", NO_PICTURE)),
    (0, b"bplist00", Kind("a Mac's or iPhone's list of settings, such as the edits of a photo (.aae)", NO_PICTURE)),
    (
        0,
        b"\0\5\x16\7",
        Kind("a Mac's file of attributes (AppleDouble), not the file itself", "leave out files named ._*"),
    ),
    (0, b"version https://git-lfs", Kind("a pointer of Git LFS, not the file", "get the files: `git lfs pull`")),
    (0, b"wOFF", FONT),
    (0, b"wOF2", FONT),
    (0, b"OTTO", FONT),
    (0, b"ttcf", FONT),
    (0, b"\x7fELF", PROGRAM),
    (0, b"\xcf\xfa\xed\xfe", PROGRAM),  # of a Mac
    (0, b"\xca\xfe\xba\xbe", PROGRAM),  # of a Mac, or a Java class
    (0, b"\0asm", PROGRAM),
    (0, b"d8:announce", Kind("a torrent, not the files", "fetch the files that it names")),
)
# An image may have these bytes there too, so they are compared only after all decoders have failed.
LIKELY: Table = (
    (128, b"DICM", Kind("a DICOM file", "write its picture as PNG, for example with pydicom or dcm2pnm")),
    (257, b"ustar", Kind("a tar archive", ARCHIVE)),
    (32769, b"CD001", Kind("a disc image (ISO)", ARCHIVE)),
    (0, b"MZ", Kind("a Windows program", NO_PICTURE)),
    (0, b"\x80\x02", PICKLE),
    (0, b"\x80\x03", PICKLE),
    (0, b"\x80\x04\x95", PICKLE),
    (0, b"\x80\x05\x95", PICKLE),
    (0, b"\0\1\0\0\0", FONT),
    (0, b"\0\0\2\0", Kind("a mouse pointer of Windows; save it as PNG", AS_PNG)),
    (0, b"\1\xda", Kind("an SGI picture; save it as PNG", AS_PNG)),
    (0, b"\xff\xfb", SOUND),  # MP3 without tags
    (0, b"\xff\xf3", SOUND),
    (0, b"\xff\xf1", SOUND),  # AAC
    (0, b"\xff\xf9", SOUND),
)
RIFF = {
    b"AVI ": VIDEO, b"WAVE": SOUND, b"RMID": SOUND, b"CDXA": VIDEO,
    b"ACON": Kind("an animated cursor", AS_PNG),
}  # fmt: skip
COREL = Kind("a CorelDRAW drawing; export it as PNG", AS_PNG)
